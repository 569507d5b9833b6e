# Runs SQL on DuckDB for dbt-tally, in dbt's own Python, so that the same DuckDB reads and
# writes the file. Requests and answers are JSON, one per line. An answer begins with
# "dbt-tally", which distinguishes it from anything else that is printed. The script
# closes the file and ends when there are no more requests.
import sys

if sys.path and sys.path[0] == "":
    del sys.path[0]  # a file of the project must not shadow a module

import json
import os

answers = os.fdopen(os.dup(1), "w", encoding="ascii")
os.dup2(2, 1)


def answer(**values):
    answers.write("dbt-tally " + json.dumps(values) + "\n")
    answers.flush()


def connect(request):
    try:
        import _duckdb as duckdb  # the package around it takes 0.1 s to import
    except ImportError:
        import duckdb
    connection = duckdb.connect(request["path"], config=request["config"])
    for statement in request["statements"]:
        connection.execute(statement)
    return connection


def run(connection, request):
    result = connection.execute(request["sql"], request["args"])
    columns = [column[0] for column in result.description or []]
    rows = [[None if value is None else str(value) for value in row] for row in result.fetchall()]
    return {"columns": columns, "rows": rows}


connection = None
for line in sys.stdin.buffer:
    try:
        if connection is None:
            connection = connect(json.loads(line))
            answer()
        else:
            answer(**run(connection, json.loads(line)))
    except Exception as error:
        answer(kind=type(error).__name__, error=str(error))

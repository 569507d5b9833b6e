# Runs SQL on DuckDB for dbt-tally, in dbt's own Python: the file is read and written
# by the very DuckDB that dbt uses. Requests come one per line as JSON, and so do the
# answers, each behind a mark; whatever else is printed is not an answer. It ends,
# and lets go of the file, when there are no more requests.
import sys

if sys.path and sys.path[0] == "":
    del sys.path[0]  # the files of the project are not modules

import json
import os

answers = os.fdopen(os.dup(1), "w", encoding="ascii")
os.dup2(2, 1)


def answer(**values):
    answers.write("dbt-tally " + json.dumps(values) + "\n")
    answers.flush()


def connect(request):
    try:
        import _duckdb as duckdb  # the module itself; what it is wrapped in takes 0.1 s
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

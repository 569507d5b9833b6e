"""A Snowflake for tests: fakesnow's server on a port of 127.0.0.1, the argument.

Plain fakesnow 0.12.1 on DuckDB 2.0.0 fails for dbt-snowflake and gosnowflake where
the comments below say; each fix patches an internal, so the versions are pinned.
What it knows nothing of is not imitated: credentials, roles, grants, warehouses,
locks, and names that differ only in case.
"""

import re
import sys

import duckdb
import fakesnow.arrow
import fakesnow.cursor
import fakesnow.server
import pyarrow
import uvicorn
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import Error, OperationalError, ProgrammingError
from sqlglot import exp

# DuckDB knows neither sessions' parameters nor rights; dbt sets and grants both.
IGNORED = [r"\s*alter\s+session\s+(un)?set\s+(?!autocommit)", r"\s*(grant|revoke)\b"]

# Snowflake Scripting, of which fakesnow has nothing: the one block that the audit
# hooks send, around one statement or several.
BLOCK = re.compile(
    r"execute\s+immediate\s+\$\$\s*begin\b(?P<statement>(?:(?!\$\$).)*?);"
    r"\s*exception\s+when\s+other\s+then\s+return\s+sqlerrm;\s*end;?\s*\$\$",
    re.IGNORECASE | re.DOTALL,
)

# The block within it around two statements: if the first fails, the second runs.
OTHERWISE = re.compile(
    r"\s*begin\s+(?P<first>insert\b.*);\s*exception\s+when\s+other\s+then\s+(?P<second>insert\b.*);\s*end\s*",
    re.IGNORECASE | re.DOTALL,
)

# The count in that block: a variable, one query into it, and its value as the answer.
COUNT = re.compile(
    r"\s*let\s+(?P<name>\w+)\s+integer\s*:=\s*0;\s*(?P<select>select\b.*?)\binto\s+:(?P=name)\s(?P<rest>.*);"
    r"\s*return\s+(?P=name)\s*",
    re.IGNORECASE | re.DOTALL,
)

STATEMENT = re.compile(r"""(?:'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|[^;'"])+""", re.DOTALL)

# What a merge does to a row, in DuckDB's words and in Snowflake's.
ACTIONS = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}

plain_parse = fakesnow.cursor.parse_one
plain_execute = FakeSnowflakeCursor.execute
plain_run = FakeSnowflakeCursor._execute
plain_binding = fakesnow.server.from_binding
plain_timestamps = fakesnow.arrow.timestamp_to_sf_struct


def refused(message, number, state):
    """An error whose text the server sends as it is. The connector's class puts the
    number in front of it, and the clients do so once more."""
    error = ProgrammingError(msg=message, errno=number, sqlstate=state)
    error.msg = message
    return error


def parse_one(sql):
    try:
        expression = plain_parse(sql)
    except Error as error:
        raise refused(error.raw_msg, error.errno, error.sqlstate) from error
    except Exception as error:  # a token that sqlglot does not know
        raise refused(f"SQL compilation error:\nsyntax error: {error}", 1003, "42000") from error
    if isinstance(expression, exp.Create):
        make_permanent(expression)
    elif isinstance(expression, exp.Merge):
        qualify_inserted(expression)
    return expression.transform(typeof)


def typeof(expression):
    """A value's type in Snowflake's words: to DuckDB, a variant is JSON."""
    if not (isinstance(expression, exp.Typeof) and isinstance(expression.this, exp.ToVariant)):
        return expression
    name = exp.func("TYPEOF", expression.this.this)
    for own, word in (("TIMESTAMP", "TIMESTAMP_NTZ"), ("TIMESTAMP_NTZ WITH TIME ZONE", "TIMESTAMP_TZ")):
        name = exp.func("REPLACE", name, exp.Literal.string(own), exp.Literal.string(word))
    return name


def make_permanent(create):
    """DuckDB has temporary tables in a catalog of their own only; dbt qualifies them."""
    if properties := create.args.get("properties"):
        kept = [p for p in properties.expressions if not isinstance(p, exp.TemporaryProperty)]
        properties.set("expressions", kept)


def qualify_inserted(merge):
    """DuckDB runs merge itself, see below, but takes the columns that dbt inserts for
    the target's as much as the source's."""
    source = merge.args["using"].alias_or_name
    for when in merge.args["whens"].expressions:
        then = when.args.get("then")
        if isinstance(then, exp.Insert) and then.expression:
            for column in then.expression.find_all(exp.Column):
                if not column.table:
                    column.set("table", exp.to_identifier(source))
    merge.set("returning", exp.Returning(expressions=[exp.column("merge_action")]))


def execute(cursor, command, *args, **kwargs):
    if block := BLOCK.search(command):
        try:
            if count := COUNT.fullmatch(block["statement"]):
                execute(cursor, count["select"] + count["rest"], **kwargs)
                answer = str(cursor.fetchone()[0])
            elif both := OTHERWISE.fullmatch(block["statement"]):
                answer = "null"
                try:
                    execute(cursor, both["first"], **kwargs)
                except Error:
                    execute(cursor, both["second"], **kwargs)
            else:
                answer = "null"
                for statement in STATEMENT.findall(block["statement"]):
                    execute(cursor, statement.strip(), **kwargs)
        except Error as error:
            answer = exp.Literal.string(error.msg).sql(dialect="snowflake")
        command = f'select {answer} as "anonymous block"'
    try:
        plain_execute(cursor, command, *args, **kwargs)
    except Exception as error:
        end_aborted_transaction(cursor)
        raise translated(error) from error
    if isinstance(cursor._last_transformed, exp.Merge):
        # The server describes the last statement, and DuckDB can't describe a merge.
        actions = cursor._arrow_table.column(0).to_pylist()
        counts = {f"number of rows {done}": actions.count(action) for action, done in ACTIONS.items()}
        cursor._arrow_table = pyarrow.table({name: [count] for name, count in counts.items()})
        cursor._rowcount = len(actions)
        cursor._last_sql = "select " + ", ".join(f"{count} as '{name}'" for name, count in counts.items())
        cursor._last_params = None
    return cursor


class Response(fakesnow.server.JSONResponse):
    """Beside the row of a statement that changes rows Snowflake sends the same figures
    as stats, from which dbt-snowflake reads them."""

    def __init__(self, content, **kwargs):
        data = content.get("data") or {}
        names = [column["name"] for column in data.get("rowtype") or []]
        figures = dict(zip(names, (data.get("rowset") or [[]])[0]))
        stats = {f"numRows{done.title()}": int(figures.get(f"number of rows {done}", 0)) for done in ACTIONS.values()}
        if any(name.startswith("number of rows") for name in names):
            data["stats"] = stats
        super().__init__(content, **kwargs)


def run(cursor, expression, params=None):
    """A definition ends the transaction that it is in, as with Snowflake. DuckDB takes
    it into the transaction, and then fakesnow cannot write down what it made."""
    if isinstance(expression, (exp.Create, exp.Alter, exp.Drop, exp.Comment)):
        try:
            cursor._duck_conn.commit()
        except duckdb.TransactionException:
            pass  # there is none
    return plain_run(cursor, expression, params)


def end_aborted_transaction(cursor):
    """An error ends a transaction of DuckDB's, and none of Snowflake's; without this
    the connection is of no use any more."""
    try:
        cursor._duck_conn.execute("select 1")
    except duckdb.Error:
        cursor._duck_conn.rollback()
        cursor._conn._in_transaction = False


def translated(error):
    """Whatever is not an error of Snowflake's becomes HTTP 500, which the connector
    for Python tries again for ever."""
    if not isinstance(error, (ProgrammingError, OperationalError)):
        return refused(f"{type(error).__name__}: {error}", 603, "XX000")
    message = error.raw_msg or ""
    if missing := re.search(r"(?:Table|View) with name (\S+) does not exist", message):
        name = missing[1].strip('"').upper()
        message = f"SQL compilation error:\nObject '{name}' does not exist or not authorized."
    return refused(message, error.errno, error.sqlstate)


def timestamps(column):
    """Nulls stay null, and do not become the first of January 1970."""
    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
    whole = plain_timestamps(column)
    parts = [part.fill_null(0) for part in whole.flatten()]
    return pyarrow.StructArray.from_arrays(parts, fields=list(whole.type), mask=column.is_null())


def binding(value):
    """A null of a type, as gosnowflake binds it, is no number to be parsed."""
    return None if value["value"] is None else plain_binding(value)


fakesnow.cursor.parse_one = fakesnow.server.parse_one = parse_one
FakeSnowflakeCursor.execute = execute
FakeSnowflakeCursor._execute = run
fakesnow.server.from_binding = binding
fakesnow.server.JSONResponse = Response
fakesnow.arrow.timestamp_to_sf_struct = timestamps
# fakesnow's own merge by way of a temporary table fails inside a transaction.
fakesnow.cursor.transforms.merge = lambda expression: [expression]

fakesnow.server.shared_fs = fakesnow.server.FakeSnow(nop_regexes=IGNORED)
uvicorn.run(fakesnow.server.app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

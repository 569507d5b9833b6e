"""Real dbt, warmed up once and forked for each start.

server.py KEEPER MACROS...: a client sends the files to use as standard input, output and
error, and then a line with a literal of its arguments, environment, working directory and
process group; it gets the exit code. The arguments are those of dbt or, if the program is
called "script", the path of a script in Python and its arguments. The server ends when the
process KEEPER has ended, and removes its directory.

Most of a start is imports, code that dbt's serializer generates, and the parsing and
compiling of dbt's own macros. All of it depends on nothing but the installation, so the
server does it once, by parsing a small project in the way of dbt's programmatic
invocations. MACROS are files of macros that most tests use; the server compiles them too.
"""

import ast
import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
from types import FunctionType, NoneType

from dbt.cli.main import cli, dbtRunner

# What dbt imports late.
LATE = [
    "daff", "multiprocessing.dummy", "multiprocessing.pool", "sqlparse", "dbt.task.build", "dbt.task.snapshot",
    "dbt.task.run_operation", "dbt.task.list", "dbt_common.clients.agate_helper",
]
LOGINS = {
    "postgres": {"host": "nowhere", "user": "x", "password": "x", "port": 1, "dbname": "x"},
    "snowflake": {"account": "x", "user": "x", "password": "x", "database": "x"},
    "mysql": {"server": "nowhere", "port": 1, "username": "x", "password": "x"},
    "duckdb": {"path": ":memory:"},
}
PROJECT = {
    "dbt_project.yml": "{name: warm, profile: warm}",
    "seeds/a_seed.csv": "id\n1\n",
    "models/a_table.sql": "{{ config(materialized='table') }} select * from {{ ref('a_seed') }}",
    "models/an_increment.sql": "{{ config(materialized='incremental') }} select * from {{ ref('a_table') }}",
    "models/schema.yml": "models: [{name: a_table, columns: [{name: id, data_tests: [unique, not_null]}]}]",
    "snapshots/a_snapshot.sql": "{% snapshot a_snapshot %}{{ config(target_schema='x', unique_key='id', "
    "strategy='check', check_cols=['id']) }} select * from {{ ref('a_table') }}{% endsnapshot %}",
}


def main():
    keeper, *macros = sys.argv[1:]
    os.setpgrp()  # a Ctrl-C in the terminal is for the keeper
    for path in macros:
        with open(path) as text:
            PROJECT["macros/" + os.path.basename(path)] = text.read()
    for module in LATE:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    with contextlib.suppress(ImportError):
        # dbt's own tests share the parsed macros of their projects in this way.
        importlib.import_module("dbt_common.tests").enable_test_caching()
    for adapter in LOGINS:
        warm(adapter)
    gc.freeze()  # a collection in a fork would copy every page
    home = os.path.dirname(os.path.abspath(__file__))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(home, "socket"))
    listener.listen(64)
    for client in clients(listener, int(keeper)):
        if os.fork() == 0:
            listener.close()
            return keep(client)
        client.close()
    shutil.rmtree(home)
    reap()
    os._exit(0)


def clients(listener, keeper):
    """Yield each client that connects until the keeper has ended."""
    if hasattr(os, "pidfd_open"):
        try:
            watched = [os.pidfd_open(keeper)]
        except ProcessLookupError:
            return
    else:
        watched = []  # the keeper is looked for once per second
    while True:
        ready, _, _ = select.select([listener, *watched], [], [], None if watched else 1)
        if not alive(keeper) or set(ready) & set(watched):
            return
        if ready:
            client, _ = listener.accept()
            reap()
            yield client


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def reap():
    """Take note of the forks that have ended: their time counts as the tests'."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def warm(adapter):
    """Parse the small project, if the adapter is installed. It leaves nothing open."""
    try:
        importlib.import_module(f"dbt.adapters.{adapter}")
    except ImportError:
        return
    project = tempfile.mkdtemp()
    output = {"type": adapter, "schema": "x", "threads": 1, **LOGINS[adapter]}
    profiles = {"warm": {"target": "warm", "outputs": {"warm": output}}}
    for name, text in {**PROJECT, "profiles.yml": json.dumps(profiles)}.items():
        file = os.path.join(project, name)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w") as written:
            written.write(text)
    # The static parser starts threads, which a fork loses.
    command = ["parse", "--project-dir", project, "--profiles-dir", project, "--no-static-parser"]
    options = ["--quiet", "--log-level-file", "none", "--no-send-anonymous-usage-stats", "--no-version-check"]
    for partial in ["--no-partial-parse", "--partial-parse"]:  # the second one reads what the first one stored
        result = dbtRunner().invoke([*options, partial, *command])
        if not result.success:
            raise SystemExit(f"parse a project with {adapter}: {result.exception}")
    for macro in result.result.macros.values():
        templates().get_node_template(macro)
    shutil.rmtree(project)


def templates():
    """Return dbt's cache of compiled macros, whose keys are their texts."""
    try:
        return importlib.import_module("dbt_common.clients.jinja").template_cache
    except ImportError:
        return importlib.import_module("dbt.clients.jinja").template_cache  # dbt 1.7


def keep(client):
    """Run one dbt in a process of its own, and say how it ended. It is killed with its client."""
    _, files, _, _ = socket.recv_fds(client, 1, 3)
    if not files:
        os._exit(0)  # whoever connected only asked whether there is a server
    wanted = ast.literal_eval(client.makefile().readline())
    child = os.fork()
    if child == 0:
        client.close()
        return become(wanted, files)
    if hasattr(os, "pidfd_open"):
        ended, _, _ = select.select([os.pidfd_open(child), client], [], [])
        if client in ended:
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def become(wanted, files):
    os.setpgid(0, wanted["group"])  # an interrupt is for the whole group
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(wanted["directory"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = wanted["arguments"]
    remember_secrets()
    # Without these, a twentieth and an eighth of the time. A test's project is small, and
    # json.dump does not use the encoder in C, as json.dumps does.
    gc.disable()
    json.dump = lambda value, file, **options: file.write(json.dumps(value, **options))
    try:
        if os.path.basename(sys.argv[0]) == "script":
            del sys.argv[0]
            runpy.run_path(sys.argv[0], run_name="__main__")
            leave(0)
        cli()
    except SystemExit as end:
        if not isinstance(end.code, (int, NoneType)):
            raise
        leave(end.code or 0)


def remember_secrets():
    """Make dbt look for secrets in its environment once and not twice per line of its log: a fifth of its time."""
    for name in ["dbt_common.exceptions.base", "dbt.exceptions"]:  # since and before dbt 1.8
        if module := sys.modules.get(name):
            look = FunctionType(module.env_secrets.__code__, vars(module))
            remember = functools.lru_cache(lambda size: look())  # a .env file adds variables
            module.known_secrets = lambda: remember(len(os.environ))
            module.env_secrets.__code__ = (lambda: known_secrets()).__code__  # noqa: F821
            return


def leave(code):
    """Exit as Python does, but without taking the interpreter apart, which costs as much as a small build."""
    threading._shutdown()  # waits for the threads
    atexit._run_exitfuncs()  # closes logs and connections
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())

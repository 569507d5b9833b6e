"""Remove the files of the image's two environments that dbt never reads.

Each package stays, and its RECORD lists what is left of it, with the new hashes of the
modules that strip has changed. The environments share most files as hard links, so a RECORD
is rewritten in place.
"""

import base64
import csv
import hashlib
import pathlib

# The descriptions of AWS's services with which snowflake and duckdb find credentials and files.
AWS = {"glue", "s3", "signin", "sso", "sso-oidc", "sts"}

# Sources and headers in C and the types of Python code are for compilers and type checkers.
SOURCES = {".c", ".cc", ".cpp", ".h", ".hpp", ".pxd", ".pyi", ".pyx"}


def is_unread(path):
    """Whether dbt never reads the file. The path begins below site-packages."""
    match path.parts:
        case [package, *folders, _] if package != "dbt" and "tests" in folders:  # dbt/tests are tests for adapters
            return True
        case ["babel", "locale-data", name]:
            return name != "root.dat" and not name.startswith("en")
        case ["botocore" | "boto3", "data", service, _, *_]:
            return service not in AWS
        case ["boto3", "examples", *_] | ["jsonschema", "benchmarks", *_]:
            return True
        # metricflow looks for names similar to a misspelt one; rapidfuzz can do so in Python.
        case ["rapidfuzz", *_] if path.suffix == ".so":
            return True
        # MySQL's driver in C needs a newer OpenSSL than the one that Python has loaded by
        # then; the driver in Python works without it.
        case ["mysql", "vendor", *_]:
            return True
        case [name] if name.startswith("_mysql_connector.") and path.suffix == ".so":
            return True
    return path.suffix in SOURCES


def remove(site):
    for path in sorted(site.rglob("*"), reverse=True):  # the contents of a folder before it
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif is_unread(path.relative_to(site)):
            path.unlink()


def rewrite(record):
    site = record.parent.parent
    with record.open(newline="") as file:
        rows = [row for row in csv.reader(file) if (site / row[0]).exists()]
    for row in rows:
        if row[0].endswith(".so"):
            content = (site / row[0]).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            row[1:] = [f"sha256={digest}", str(len(content))]
    with record.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


for site in pathlib.Path("/opt/dbt").glob("*/lib/python*/site-packages"):
    remove(site)
    for record in site.glob("*.dist-info/RECORD"):
        rewrite(record)

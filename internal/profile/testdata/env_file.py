"""Read a .env file from stdin as dbt does, and print its variables."""
import json
import sys

from dotenv import dotenv_values

json.dump({name: value for name, value in dotenv_values(stream=sys.stdin).items() if value is not None}, sys.stdout)

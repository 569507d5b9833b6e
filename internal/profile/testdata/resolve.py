"""Resolve profiles with dbt's own classes.

Reads a list of {name, file, env, vars, target} from stdin and prints a mapping
of name to {target, settings} or {error}.
"""
import json
import os
import sys
from argparse import Namespace

results, sys.stdout = sys.stdout, sys.stderr  # where dbt logs

from dbt.clients.yaml_helper import load_yaml_text
from dbt.config.profile import Profile
from dbt.config.renderer import ProfileRenderer
from dbt.flags import set_from_args
from dbt_common.context import set_invocation_context


def resolve(case):
    set_invocation_context(case["env"])
    profiles = load_yaml_text(case["file"])
    if not profiles or not profiles["shop"]:
        raise ValueError("empty")
    target, settings = Profile.render_profile(
        profiles["shop"], "shop", case["target"] or None, ProfileRenderer(case["vars"])
    )
    if not settings.get("type"):
        raise ValueError("no type")
    json.dumps(settings)  # what is no JSON is nothing that a connection could use
    return {"target": str(target), "settings": {str(k): v for k, v in settings.items()}}


def attempt(case):
    try:
        return resolve(case)
    except Exception as error:  # dbt's errors have no common class
        return {"error": type(error).__name__}


set_from_args(Namespace(), {})
json.dump(
    {case["name"]: attempt(case) for case in json.load(sys.stdin)},
    results,
    indent=1,
    sort_keys=True,
    ensure_ascii=False,
)

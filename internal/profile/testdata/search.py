"""Find project, profile and paths with dbt's own command line.

Reads a list of {name, args, env, dir} from stdin and prints a mapping of name to
what dbt would use, or to {} where dbt ends with an error.
"""
import json
import os
import sys

results, sys.stdout = sys.stdout, sys.stderr  # where dbt logs

from dbt.cli.flags import Flags
from dbt.cli.main import cli
from dbt.config.runtime import load_profile, load_project
from dbt.flags import set_flags
from dbt_common.context import set_invocation_context


def find(case):
    os.chdir(case["dir"])
    os.environ.clear()
    os.environ.update(case["env"])
    set_invocation_context(case["env"])
    root = cli.make_context("dbt", ["parse"] + case["args"])
    name, command, args = cli.resolve_command(root, ["parse"] + case["args"])
    flags = Flags(command.make_context(name, args, parent=root))
    set_flags(flags)
    profile = load_profile(flags.PROJECT_DIR, flags.VARS, flags.PROFILE, flags.TARGET)
    project = load_project(flags.PROJECT_DIR, False, profile, flags.VARS)
    root = os.path.abspath(project.project_root)
    return {
        "Dir": root,
        "Name": project.project_name,
        "Profile": profile.profile_name,
        "Target": profile.target_name,
        "Host": profile.credentials.host,
        "MacroPaths": [os.path.join(root, path) for path in project.macro_paths],
        "TargetPath": os.path.join(root, project.target_path),
        "LogPath": os.path.abspath(project.log_path),
        "PackagesPath": os.path.join(root, project.packages_install_path),
    }


def attempt(case):
    try:
        return find(case)
    except BaseException as error:  # click ends the process
        print(case["name"], repr(error))
        return {}


json.dump({case["name"]: attempt(case) for case in json.load(sys.stdin)}, results)

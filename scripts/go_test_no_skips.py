#!/usr/bin/env python3
"""Run `go test ARGS...`, print what it prints, and fail on a skipped test.

Without -v go test is silent about skips, and with it the output of every test
is printed; so read -json, and print the packages' lines and the failed tests.
"""

import collections
import json
import subprocess
import sys


def main() -> int:
    output = collections.defaultdict(list)
    skipped = {}
    tests = subprocess.Popen(
        ["go", "test", "-json", *sys.argv[1:]], stdout=subprocess.PIPE, text=True
    )
    for line in tests.stdout:
        if not line.startswith("{"):
            print(line, end="", flush=True)
            continue
        event = json.loads(line)
        test = (event.get("Package"), event.get("Test"))
        action = event["Action"]
        if action == "build-output" or action == "output" and test[1] is None:
            if event["Output"] != "PASS\n":
                print(event["Output"], end="", flush=True)
        elif action == "output":
            output[test].append(event["Output"])
        elif test[1] is not None and action in ("pass", "fail", "skip"):
            text = "".join(output.pop(test, []))
            if action == "fail":
                print(text, end="", flush=True)
            if action == "skip":
                skipped[test] = text
    status = tests.wait()

    for lines in output.values():  # of tests that never ended
        print("".join(lines), end="")
    for (package, name), text in skipped.items():
        print(f"skipped: {package} {name}\n{text}", end="")
    if skipped:
        print(f"{len(skipped)} tests were skipped; here none may be")
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())

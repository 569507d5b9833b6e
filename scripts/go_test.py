#!/usr/bin/env python3
"""go_test.py [--no-skips] ARGS...: run `go test ARGS...`, print what it prints, and
name the skipped tests, the slowest tests and the processor time at the end. With
--no-skips a skipped test is a failure.

Without -v go test is silent about skips, and with it the output of every test
is printed; so read -json, and print the packages' lines and the failed tests.
"""

import collections
import ctypes
import json
import os
import resource
import subprocess
import sys
import time


def main() -> int:
    args = sys.argv[1:]
    no_skips = args[:1] == ["--no-skips"]
    output = collections.defaultdict(list)
    skipped = {}
    seconds = {}
    adopt_orphans()
    tests = subprocess.Popen(
        ["go", "test", "-json", *args[no_skips:]], stdout=subprocess.PIPE, text=True
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
            seconds[test] = event["Elapsed"]
            if action == "fail":
                print(text, end="", flush=True)
            if action == "skip":
                skipped[test] = text
    status = tests.wait() or await_orphans()

    for lines in output.values():  # of tests that never ended
        print("".join(lines), end="")
    for (package, name), text in skipped.items():
        print(f"skipped: {package} {name}\n{text}", end="")
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:5]
    print("slowest:", ", ".join(f"{name} {took:.0f} s" for (_, name), took in slowest))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"processor time: {used.ru_utime + used.ru_stime:.0f} s")
    if skipped:
        print(f"{len(skipped)} tests were skipped" + ("; none may be skipped here" if no_skips else ""))
    return status or int(no_skips and bool(skipped))


def adopt_orphans() -> None:
    """Become the parent of servers that outlive the test process that started them."""
    if sys.platform == "linux":
        set_child_subreaper = 36  # prctl(2)
        ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def await_orphans() -> int:
    """Wait for them, because their processor time is the tests'. They must end with go test."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)
        except ChildProcessError:
            return 0
    print("a process of the tests is left:")
    subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "pid,args"])
    return 1


if __name__ == "__main__":
    sys.exit(main())

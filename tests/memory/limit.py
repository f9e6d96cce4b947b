#!/usr/bin/env python3
"""The command with less and less memory: done, or exit 2 and a clear message.

The address space is limited from outside, so that everything may fail: the
loader, the C library, threads, ours.  Never a crash, never a part of an output.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile

TOOL = os.path.abspath(os.environ.get("FIREBREAK", "build/firebreak"))
POLICY = "tests/memory/shop.fbk"
MIB = 1 << 20
# a sanitizer maps terabytes: there test_memory fails each request instead
SANITIZED = "/asan/" in TOOL


def run(arguments, limit):
    return subprocess.run(
        [TOOL, *arguments], capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))


def main():
    if SANITIZED:
        print("memory limits: none under a sanitizer, test_memory fails every request")
        return 0
    bad = tried = refused = 0
    with tempfile.TemporaryDirectory() as name:
        here = pathlib.Path(name)
        made = here / "made"
        subprocess.run([TOOL, "compile", "-q", POLICY, "-o", str(made)], check=True)
        loose = here / "loose.fbk"
        loose.write_text("layer  a ;\n" * 50000)
        commands = {
            "check": ["check", POLICY],
            "compile": ["compile", POLICY, "-o", str(here / "out")],
            "prove": ["prove", POLICY, str(made / "prod/aws.tf.json")],
            "fmt": ["fmt", "--check", str(loose)],
        }
        # the least with which the program starts at all
        least = next(n for n in range(2, 64)
                     if run(["version"], n * MIB).returncode == 0) * MIB
        for what, arguments in commands.items():
            for step in range(12):
                done = run(arguments, least + step * step * MIB)
                tried += 1
                refused += done.returncode == 2
                good = done.returncode in (0, 1) if what == "fmt" \
                    else done.returncode == 0
                if good:
                    continue
                if done.returncode != 2 or "memory" not in done.stderr.lower():
                    bad += 1
                    print(f"memory limits: {what} with {step * step} MiB more than "
                          f"to start: exit {done.returncode}: {done.stderr[:200]!r}")
                if (here / "out").exists() and what == "compile":
                    bad += 1
                    print("memory limits: a compilation that failed wrote something")
            if what == "compile":
                subprocess.run(["rm", "-rf", str(here / "out")], check=True)
    if not refused:
        bad += 1
        print("memory limits: nothing was refused")
    if not bad:
        print(f"{tried} runs with little memory: {refused} refused clearly, the others done")
    return bad > 0


sys.exit(main())

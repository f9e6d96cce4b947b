#!/usr/bin/env python3
"""The command with less and less memory: done, or exit 2 and a clear message.

The address space is limited from outside, so that everything may fail: the
loader, the C library, threads, ours.  Never a crash, never a part of an output.
"""

import os
import pathlib
import random
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


def crossing(rules):
    """Prefixes and ports at random in every rule; two rules with far more of them."""
    dice = random.Random(1)

    def prefixes(count, widest=8):
        made = set()
        while len(made) < count:
            bits = dice.randint(widest, 24)
            at = dice.getrandbits(bits - 8) << (32 - bits)
            made.add(f"10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}/{bits}")
        return ", ".join(sorted(made))

    def ports():
        low = dice.randint(0, 65000)
        return f"tcp/{low}-{dice.randint(low, 65535)}"

    worst = {7: "worst-of-all", 1200: "nearly-as-bad"}
    text = ["language 1;", 'policy p "t";', "environments prod;", 'layer a "a";',
            'layer b "b";', 'customer c "c" { environment prod { vpc 10.0.0.0/8;',
            "layer a 10.0.0.0/9; layer b 10.128.0.0/9; } }"]
    for i in range(rules):
        ends = ("a", prefixes(20)) if i % 2 else (prefixes(20), "a")
        if i in worst:
            ends = (prefixes(200, 20), "a")
        text.append(f"{worst.get(i, f'r{i}')}: allow {ends[0]} -> {ends[1]} on {ports()};")
    return "\n".join(text) + "\n"


def names_the_rules_that_cost_most(here):
    policy = here / "crossing.fbk"
    policy.write_text(crossing(4000))
    done = subprocess.run([TOOL, "query", str(policy), "a -> b on tcp/1"],
                          capture_output=True, text=True)
    line = done.stderr
    if done.returncode == 2 and "P0902" in line and "cross in" in line and \
            line.find("`worst-of-all`") != -1 and line.find("`nearly-as-bad`") != -1 and \
            "fewer or nested" in line and not done.stdout:
        return True
    print(f"memory limits: crossing rules: exit {done.returncode}: {line[:400]!r}")
    return False


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
        bad += not names_the_rules_that_cost_most(here)
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

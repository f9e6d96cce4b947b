#!/usr/bin/env python3
"""What `firebreak apply` sends to a real kernel, and what it makes of the answer.

  refused   one message spoiled on its way (tests/kernel/spoil.c): told at the lines of
            the policy that it was made of, and nothing has changed

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import argparse
import os
import pathlib
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import live                             # noqa: E402
import run                              # noqa: E402


def said(done):
    """What was told, without colours; lines as they are."""
    return done.stdout + done.stderr


# ---- refused ----------------------------------------------------------------

def spoiled(how, path):
    """Apply PATH with one message spoiled."""
    library = os.environ.get("SPOIL_LIBRARY", str(live.ROOT / "build/tests/kernel/spoil.so"))
    environment = dict(os.environ, SPOIL=how, LD_PRELOAD=str(pathlib.Path(library).resolve()))
    done = live.firebreak("apply", path, "prod.app", env=environment)
    if "spoiled" not in done.stderr:
        live.fail(f"refused: {how}: nothing was spoiled: {said(done)[-300:]}")
    return done


def line_of(path, name):
    lines = path.read_text().splitlines()
    return next(i + 1 for i, line in enumerate(lines) if line.startswith(name + ":"))


def try_refused(work):
    live.nft("flush", "ruleset")
    exact = live.exact(work / "refused.fbk", 3000)
    few = live.linear(work / "few.fbk", 4)
    live.expect(live.firebreak("apply", exact, "prod.app"), 0, "refused: first")
    before = live.nft("list", "ruleset").stdout
    # messages of many elements: in each of them the one that is spoiled, by its rule
    cases = [(f"element {message} {i}", exact, "EINVAL", None)
             for message in range(3) for i in (0, 1, 200)]
    cases += [("size 0 40", exact, "ENFILE", "r40"), ("size 0 2999", exact, "ENFILE", "r2999"),
              ("name 0", exact, "ENOENT", "")]
    rules = set()
    for how, path, word, rule in cases:
        done = spoiled(how, path)
        live.expect(done, 2, f"refused: {how}")
        told = re.search(r"--> \S+:(\d+):1\n.*\n.*\| (r\d+): allow (\S+)", said(done))
        if f"({word})" not in said(done) or "\nhelp: " not in said(done):
            live.fail(f"refused: {how}: {said(done)[-500:]}")
        if rule == "" and told:
            live.fail(f"refused: {how}: told at a rule: {said(done)[-500:]}")
        elif rule != "" and not told:
            live.fail(f"refused: {how}: not told at a rule: {said(done)[-500:]}")
        elif rule and told.group(2) != rule:
            live.fail(f"refused: {how}: told at {told.group(2)}, not {rule}")
        if told and (int(told.group(1)) != line_of(path, told.group(2)) or
                     f"the element is {told.group(3)} . " not in said(done)):
            live.fail(f"refused: {how}: another line than that of its element: {said(done)[-500:]}")
        rules |= {told.group(2)} if told else set()
        if live.nft("list", "ruleset").stdout != before:
            live.fail(f"refused: {how}: the ruleset has changed")
    if len(rules) != len(cases) - 1:    # each is another element
        live.fail(f"refused: only {sorted(rules)} were told")
    lines = set()
    for number in range(40):            # rules of the policy are somewhere among them
        done = spoiled(f"name {number}", few)
        lines |= set(re.findall(r"--> \S+:\d+:1\n.*\n.*\| (r\d+): ", said(done)))
        if len(lines) == 4:
            break
    else:
        live.fail(f"refused: rules: only {sorted(lines)} were told at their lines")
    if live.nft("list", "ruleset").stdout != before:
        live.fail("refused: rules: the ruleset has changed")
    print(f"refused   {len(cases)} spoiled messages and {number + 1} rules: each told at its "
          "line, nothing changed", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tests", nargs="*", choices=[[], "refused"])
    arguments = parser.parse_args()
    run.get_namespaces()
    live.skip_namespace()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        tests = {"refused": lambda: try_refused(work)}
        for name in arguments.tests or tests:
            began = time.monotonic()
            tests[name]()
            print(f"{name:9} took {time.monotonic() - began:.0f} s", flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

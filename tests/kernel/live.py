#!/usr/bin/env python3
"""`firebreak apply` and `prove --live` in real kernels.

  changes   each rule and element of a loaded ruleset taken out, by itself: found; and
            one thing changed in a sample of them
  confirm   not confirmed, confirmed, and the console gone
  kill      apply killed behind each transaction and at random moments, of a host and of
            a gateway, IPv4 and IPv6: the old ruleset or the new one; and halves of
            transactions, on purpose: seen

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import argparse
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import rules                            # noqa: E402
import run                              # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DAY = ["--as-of", "2026-11-01"]
TRANSACTIONS_MOST = 10  # of one apply
CHANGES = 100           # of rules and elements, for each ruleset
failures = []


def fail(what):
    failures.append(what)
    print(f"FAIL {what}", flush=True)


def firebreak(*words, **options):
    """No proof is kept from one run to the next: what the kernel has is read each time."""
    if words[0] == "apply" or "--live" in words:
        words = (*words, "--proofs", os.devnull)
    tool = os.environ.get("FIREBREAK", str(ROOT / "build/firebreak"))
    return subprocess.run([str(pathlib.Path(tool).resolve()), *map(str, words), *DAY],
                          capture_output=True, text=True, **options)


def nft(*words, stdin=None):
    return subprocess.run(["nft", *map(str, words)], capture_output=True, text=True,
                          input=stdin)


def expect(done, code, what):
    if done.returncode != code:
        fail(f"{what}: exit {done.returncode}, should be {code}\n"
             f"{done.stdout[-300:]}{done.stderr[-600:]}")
    return done.returncode == code


# ---- policies ---------------------------------------------------------------

HEAD = """language 1;
policy live;
environments prod;
layer app; layer far;
environment prod {{
  vpc 10.0.0.0/8;
  layer app {app};
  layer far {far};
}}
"""


def policy(path, app, far, rules):
    path.write_text(HEAD.format(app=app, far=far) + "".join(rules))
    return path


def linear(path, rules):
    return policy(path, "10.1.0.0/16", "10.2.0.0/16",
                  [f"r{i}: allow far -> app on tcp/{100 + 2 * i};\n" for i in range(rules)])


def exact(path, rules):
    hosts = [f"10.2.{i // 100}.{2 * (i % 100)}" for i in range(rules)]
    return policy(path, "10.1.0.5", "10.2.0.0/16",
                  [f"r{i}: allow {h} -> app on tcp/{1024 + 2 * (i % 5000)};\n"
                   for i, h in enumerate(hosts)])


def ranges(path, rules):
    nets = [f"10.{2 + i // 50000}.{i // 128 % 256}.{i % 128 * 2}/31" for i in range(rules)]
    return policy(path, "10.1.0.0/16", "10.2.0.0/15",
                  [f"r{i}: allow {n} -> app on tcp/{1000 * (1 + i % 50)}-{1000 * (1 + i % 50) + 99};\n"
                   for i, n in enumerate(nets)])


# ---- changes ----------------------------------------------------------------

def objects(kind):
    listing = json.loads(nft("-j", "-a", "list", "ruleset").stdout)
    return [o[kind] for o in listing["nftables"] if kind in o]


def says_nothing(rule):
    """Without it the packet is refused all the same: by the policy of the chain."""
    text = json.dumps(rule["expr"])
    return ('"reject"' in text or rule["expr"] == [{"drop": None}] or
            rule["expr"] == [{"accept": None}] and rule["chain"] == "postrouting")


def judge_change(what, equal_allowed, tally):
    code = firebreak("prove", tally["policy"], "--live").returncode
    tally["found" if code == 1 else "refused" if code == 2 else "equal"] += 1
    if code == 0 and not equal_allowed:
        fail(f"changes: not found: {what}")
    if code not in (0, 1, 2):
        fail(f"changes: exit {code}: {what}")


def try_changes():
    path = ROOT / "policies/modyo-connect"
    tally = {"policy": path, "found": 0, "refused": 0, "equal": 0, "changed": 0}
    for part in ("banco-andino.prod.data", "banco-andino.prod.gateway"):
        nft("flush", "ruleset")
        expect(firebreak("apply", path, part), 0, f"apply {part}")
        saved = nft("list", "ruleset").stdout
        rules = objects("rule")
        handles = {(r["chain"], json.dumps(r["expr"])): r["handle"] for r in rules}
        for rule in rules:
            at = [rule["family"], rule["table"], rule["chain"]]
            handle = handles[rule["chain"], json.dumps(rule["expr"])]
            if nft("delete", "rule", *at, "handle", handle).returncode:
                fail(f"changes: {part}: cannot delete a rule of {rule['chain']}")
            judge_change(f"{part}: {rule['chain']} without {rule['expr']}",
                         says_nothing(rule), tally)
            nft("flush", "ruleset")
            nft("-f", "-", stdin=saved)
            handles = {(r["chain"], json.dumps(r["expr"])): r["handle"]
                       for r in objects("rule")}
        try_elements(part, saved, tally)
        try_changed(part, saved, tally)
        nft("flush", "ruleset")
        expect(firebreak("apply", path, part), 0, f"apply {part}")
        if not part.endswith("gateway"):
            try_mending(path, part)
    if tally["changed"] < CHANGES:
        fail(f"changes: only {tally['changed']} things could be changed")
    print(f"changes   {tally['found']} found, {tally['refused']} refused, "
          f"{tally['equal']} the same in meaning, 0 missed" if not failures else
          "changes   failed", flush=True)


def changed(line, dice):
    """LINE with one thing in it changed, or the same where there is nothing."""
    words = [m for m in re.finditer(r"\b(accept|drop|tcp|udp|saddr|daddr|input|output|\d+)\b", line)]
    if not words:
        return line
    word = dice.choice(words)
    others = {"accept": "drop", "drop": "accept", "tcp": "udp", "udp": "tcp", "saddr": "daddr",
              "daddr": "saddr"}
    new = others.get(word.group()) or (
        str(int(word.group()) + dice.choice((-1, 1))) if word.group().isdigit() else word.group())
    return line[:word.start()] + new + line[word.end():]


def try_changed(part, saved, tally):
    """
    One thing changed in a rule or an element, of a sample: the kernel's own expressions
    say of it what the text does, which check-mutants holds against the naive evaluator.
    """
    dice = random.Random(part)
    lines = saved.splitlines()
    inside = [i for i, line in enumerate(lines) if line.startswith("\t\t") and
              not re.match(r"\t\t(type|flags|size|comment|counter|typeof) ?", line)]
    for i in dice.choices(inside, k=CHANGES):
        text = "\n".join(lines[:i] + [changed(lines[i], dice)] + lines[i + 1:]) + "\n"
        nft("flush", "ruleset")
        if text.strip() == saved.strip() or nft("-f", "-", stdin=text).returncode:
            continue
        what = f"changes: {part}: {lines[i].strip()[:120]} -> {text.splitlines()[i].strip()[:120]}"
        live = firebreak("prove", tally["policy"], "--live").returncode
        read = firebreak("prove", tally["policy"], "-", input=text).returncode
        if not {live, read} <= {0, 1, 2} or {live, read} == {0, 1}:
            fail(f"{what}: the kernel says {live} and the text {read}")
        tally["found" if live == 1 else "refused" if live == 2 else "equal"] += 1
        tally["changed"] += 1


def try_mending(path, part):
    """What somebody did to the base chains is undone by the next apply."""
    changes = (("insert", "rule", "inet", "firebreak", "input", "accept"),
               ("insert", "rule", "inet", "firebreak", "output", "drop"),
               ("delete", "rule", "inet", "firebreak", "input", "handle"))
    for words in changes:
        if words[-1] == "handle":
            first = next(r for r in objects("rule") if r["chain"] == "input")
            words = (*words, first["handle"])
        expect(nft(*words), 0, f"mending: {words}")
        expect(firebreak("prove", path, "--live"), 1, f"mending: {words}: prove --live")
        expect(firebreak("apply", path, part), 0, f"mending: {words}: apply")
        expect(firebreak("prove", path, "--live"), 0, f"mending: {words}: after apply")
        chains = {c["name"].partition("_g")[2] for c in objects("chain")} - {""}
        if len(chains) != 1:
            fail(f"mending: {words}: generations {sorted(chains)} are there")


def try_elements(part, saved, tally):
    """Elements by their text: each line of a set taken out."""
    lines = saved.splitlines()
    for i, line in enumerate(lines):
        match = re.match(r"^(\t\telements = \{ |\t\t\t     )(\S.* \. .*?)(,| \})?$", line)
        if not match or match.group(3) != ",":
            continue
        rest = lines[:i] + ["\t\telements = {"] * ("elements" in line) + lines[i + 1:]
        nft("flush", "ruleset")
        if nft("-f", "-", stdin="\n".join(rest) + "\n").returncode:
            fail(f"changes: {part}: cannot load without {match.group(2)}")
            continue
        judge_change(f"{part}: without {match.group(2)}", False, tally)


# ---- confirm ----------------------------------------------------------------

def generation():
    return re.findall(r"jump input_g(\d+)", nft("list", "chain", "inet", "firebreak",
                                                "input").stdout)


def try_confirm(work):
    first = rules.write_policy(work / "first.fbk", rules.linear(7))
    path = rules.write_policy(work / "confirm.fbk", rules.linear(8))
    nft("flush", "ruleset")
    expect(firebreak("apply", first, "prod.app"), 0, "confirm: first")
    before = generation()
    done = firebreak("apply", path, "prod.app", "--confirm", "20s", input="no\n")
    expect(done, 1, "confirm: no")
    if generation() != before:
        fail("confirm: not confirmed, and not gone back")
    expect(firebreak("apply", path, "prod.app", "--confirm", "1s",
                     stdin=subprocess.PIPE), 1, "confirm: in time")
    expect(firebreak("apply", path, "prod.app", "--confirm", "20s", input="yes\n"), 0,
           "confirm: yes")
    kept = generation()
    if kept == before:
        fail("confirm: confirmed, and not kept")
    tool = os.environ.get("FIREBREAK", str(ROOT / "build/firebreak"))
    lost = subprocess.Popen([tool, "apply", first, "prod.app", "--confirm", "60s", *DAY],
                            stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    while b"Loaded" not in lost.stderr.read1(200):
        pass
    lost.kill()                         # as a console that is gone
    lost.wait()
    for _ in range(100):
        if generation() == kept:
            break
        time.sleep(0.05)
    else:
        fail("confirm: the console is gone, and nothing went back")
    expect(firebreak("prove", path, "--live"), 0, "confirm: afterwards")
    print("confirm   no, too late, yes, and a console that is gone", flush=True)


# ---- kill -------------------------------------------------------------------

class Killed:
    """Two policies for one part, the old one loaded, and what a kill leaves of them."""

    def __init__(self, work, part, counts):
        self.part = part
        self.policies = [rules.write_policy(work / f"kill{count}.fbk", rules.ranges(count))
                         for count in counts]
        self.states = {"old": 0, "new": 0}
        nft("flush", "ruleset")
        self.length = self.load(0)

    def load(self, which):
        """Not killed: how long it takes."""
        began = time.monotonic()
        expect(firebreak("apply", self.policies[which], self.part), 0, f"kill: {self.part}")
        return time.monotonic() - began

    def is_torn(self):
        """Neither the one nor the other: proved by what the kernel has."""
        codes = [firebreak("prove", p, "--live").returncode for p in self.policies]
        if sorted(codes) != [0, 1]:
            return codes
        self.states["old" if codes[0] == 0 else "new"] += 1
        return None

    def spoiled(self, how):
        """Apply the new one over the old one: is it killed where HOW says?"""
        self.load(0)
        library = os.environ.get("SPOIL_LIBRARY", str(ROOT / "build/tests/kernel/spoil.so"))
        environment = {**os.environ, "SPOIL": how,
                       "LD_PRELOAD": str(pathlib.Path(library).resolve())}
        done = firebreak("apply", self.policies[1], self.part, env=environment)
        if done.returncode not in (0, -signal.SIGKILL):
            fail(f"kill: {self.part}: {how}: exit {done.returncode}: {done.stderr[-300:]}")
        return done.returncode == -signal.SIGKILL

    def at_random(self, which, moment):
        tool = os.environ.get("FIREBREAK", str(ROOT / "build/firebreak"))
        running = subprocess.Popen([tool, "apply", self.policies[which], self.part, *DAY],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment * self.length)
        running.send_signal(signal.SIGKILL)
        running.wait()
        if torn := self.is_torn():
            fail(f"kill: {self.part}: at {moment:.2f} of it: prove says {torn}")

    def check_swept(self):
        self.load(0)
        names = set(re.findall(r"_g(\d+)\b", nft("list", "ruleset").stdout))
        if len(names) != 1:
            fail(f"kill: {self.part}: generations {names} are left")


def try_boundaries(work, part):
    """Killed behind each transaction: how many there are."""
    killed = Killed(work, part, (200, 220))
    transactions = 0
    while transactions < TRANSACTIONS_MOST and killed.spoiled(f"kill {transactions}"):
        if torn := killed.is_torn():
            fail(f"kill: {part}: behind transaction {transactions}: prove says {torn}")
        transactions += 1
    if transactions < 2 or not all(killed.states.values()):
        fail(f"kill: {part}: {transactions} transactions, {killed.states}")
    killed.check_swept()
    return transactions


def try_torn(work, part, transactions):
    """A transaction that is none, on purpose: seen?  How often."""
    killed = Killed(work, part, (200, 220))
    torn = 0
    for transaction in range(transactions):
        for messages in range(1, 4):
            killed.spoiled(f"split {transaction} {messages}")
            torn += killed.is_torn() is not None
    if not torn:
        fail(f"kill: {part}: halves of transactions, and nobody sees it")
    killed.check_swept()
    return torn


def try_kill(work, rounds):
    dice = random.Random(20261127)
    for part in ("prod.app", "prod.gateway"):
        transactions = try_boundaries(work, part)
        torn = try_torn(work, part, transactions)
        killed = Killed(work, part, (3000, 3100))
        for i in range(rounds // 2):
            killed.at_random(i % 2, dice.uniform(0.1, 1.1))
        killed.check_swept()
        print(f"kill      {part}: behind each of {transactions} transactions, and {rounds // 2} "
              f"times at random: {killed.states}, none torn, swept; torn on purpose {torn} times, "
              "and seen" if not failures else "kill      failed", flush=True)


def skip_namespace():
    """A network namespace of our own for all of it."""
    import ctypes
    if ctypes.CDLL(None).unshare(0x40000000):
        run.skip("no network namespace")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("tests", nargs="*", choices=[[], "changes", "confirm", "kill"])
    arguments = parser.parse_args()
    run.get_namespaces()
    skip_namespace()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        tests = {"changes": try_changes,
                 "confirm": lambda: try_confirm(work),
                 "kill": lambda: try_kill(work, arguments.rounds)}
        for name in arguments.tests or tests:
            began = time.monotonic()
            tests[name]()
            print(f"{name:9} took {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

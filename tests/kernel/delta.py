#!/usr/bin/env python3
"""What `firebreak apply` sends to a real kernel, and what it makes of the answer.

  refused   one message spoiled on its way (tests/kernel/spoil.c): told at the lines of
            the policy that it was made of, and nothing has changed
  edits     random edits of a policy, applied one on the other: each proved live, and the
            same ruleset as where its policy is loaded into an empty kernel; by elements
            where, and only where, that can be, and as many as were edited
  groups    the same of groups of hosts, whose maps lead to hashes
  others    somebody changes the table beside us; a set that is full
  confirm   not confirmed, too late, confirmed, and the console gone
  kill      killed at random moments: the old elements or the new ones
  traffic   elements added and removed under traffic: nothing allowed is lost, nothing
            refused passes

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

import hitless                          # noqa: E402
import live                             # noqa: E402
import machine                          # noqa: E402
import paths                            # noqa: E402
import rules                            # noqa: E402
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
    first = live.linear(work / "first.fbk", 7)
    live.expect(live.firebreak("apply", first, "prod.app"), 0, "refused: first")
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


# ---- rulesets as they are listed --------------------------------------------

def ruleset(listing):
    """
    What `nft -j list ruleset` says, but for the number of the generation, handles, the
    order of elements, and the room that a set was made with.
    """
    out = []
    for thing in json.loads(re.sub(r"_g\d+\b", "_g", listing))["nftables"]:
        (kind, body), = thing.items()
        if kind == "metainfo":
            continue
        body.pop("handle", None)
        body.pop("size", None)
        if "elem" in body:
            body["elem"] = sorted(json.dumps(e, sort_keys=True) for e in body["elem"])
        out.append((kind, body.get("chain") or body["name"], json.dumps(body, sort_keys=True)))
    # stable: the rules of a chain stay in their order
    return sorted(out, key=lambda o: (o[0], o[1]) if o[0] == "rule" else o)


class Fresh:
    """Another kernel's worth of rulesets: each policy loaded into nothing."""

    def __init__(self):
        self.machine = machine.Machine("fresh")
        self.tool = str(pathlib.Path(os.environ.get(
            "FIREBREAK", str(live.ROOT / "build/firebreak"))).resolve())

    def ruleset(self, path):
        self.machine.run(["nft", "flush", "ruleset"])
        self.machine.run([self.tool, "apply", str(path), "prod.app", *live.DAY])
        return ruleset(self.machine.run(["nft", "-j", "list", "ruleset"]))


WAYS = ((r"^prod\.app: loaded,", "whole"), (r"^prod\.app: nothing to change,", "nothing"),
        (r"^prod\.app: (\d+) elements added, (\d+) removed,", "elements"))


def way_of(done):
    """How it was applied: ("elements", added, removed)."""
    for pattern, way in WAYS:
        match = re.search(pattern, done.stdout, re.M)
        if match:
            return (way, *map(int, match.groups()))
    return ("failed",)


def plan_of(path):
    done = live.firebreak("apply", path, "prod.app", "--dry-run")
    match = re.search(r"would add (\d+) elements and remove (\d+)", done.stderr)
    if match:
        return ("elements", *map(int, match.groups()))
    return ("whole",) if "would be loaded whole" in done.stderr else (
        ("nothing",) if "would change nothing" in done.stderr else ("failed",))


def apply_and_check(path, fresh, what, wanted=None):
    """Apply it, as was planned; the kernel then has what an empty one would have."""
    planned = plan_of(path)
    done = live.firebreak("apply", path, "prod.app")
    way = way_of(done)
    if not live.expect(done, 0, f"{what}: apply"):
        return way
    if planned != way:
        live.fail(f"{what}: planned {planned}, done {way}")
    if wanted and way != wanted:
        live.fail(f"{what}: {way}, should be {wanted}")
    live.expect(live.firebreak("prove", path, "--live"), 0, f"{what}: prove --live")
    now = ruleset(live.nft("-j", "list", "ruleset").stdout)
    should = fresh.ruleset(path)
    if now != should:
        odd = [x for x in now if x not in should] + [x for x in should if x not in now]
        live.fail(f"{what}: {way}: not as in an empty kernel: {str(odd)[:600]}")
    return way


# ---- edits ------------------------------------------------------------------

FAR = "10.2.0.0/15, 2001:db8:2::/48"
APP = "10.1.0.5, 2001:db8:1::5"
HEAD6 = live.HEAD.replace("vpc 10.0.0.0/8;", "vpc 10.0.0.0/8, 2001:db8::/32;")


class Edited:
    """A policy by its lines: name -> (from, service)."""

    def __init__(self, path):
        self.path, self.rules, self.next = path, {}, 0

    def add(self, source, service):
        self.rules[f"r{self.next}"] = (source, service)
        self.next += 1

    def write(self):
        lines = [f"{name}: allow {source} -> app on {service};\n"
                 for name, (source, service) in self.rules.items()]
        self.path.write_text(HEAD6.format(app=APP, far=FAR) + "".join(lines))
        return self.path

    def some(self, dice, kind, count):
        """COUNT rules of KIND: host4, host6, proto4, range4."""
        return dice.sample([n for n, (s, v) in self.rules.items() if kind_of(s, v) == kind], count)


def kind_of(source, service):
    family = "6" if ":" in source else "4"
    return ("range" if "/" in source else "proto" if service.startswith("proto/") else
            "host") + family


def fill(edited, dice):
    hosts = dice.sample(range(4000), 300)
    for i in hosts[:150]:
        edited.add(f"10.2.{i // 200}.{i % 200}", f"{dice.choice(('tcp', 'udp'))}/{dice.randrange(1, 65535)}")
    for i in hosts[150:250]:
        edited.add(f"2001:db8:2::{i:x}", f"tcp/{dice.randrange(1, 65535)}")
    for i in hosts[250:]:
        edited.add(f"10.3.{i // 200}.{i % 200}", "proto/47")
    for i in range(20):
        edited.add(f"10.3.{100 + i}.{2 * i}/31", f"tcp/{1000 * i + 1}-{1000 * i + 99}")


def edit(edited, dice):
    """One edit; how it should be applied."""
    what = dice.choice(("add", "remove", "both", "both", "families", "nothing", "rename", "again",
                        "port", "range", "two sets"))
    hosts = edited.some(dice, "host4", 5)
    new = [f"10.2.{dice.randrange(30, 250)}.{dice.randrange(250)}" for _ in range(4)]
    if what in ("add", "both", "families", "two sets"):
        for n in new:
            edited.add(n, f"tcp/{dice.randrange(1, 65535)}")
    if what in ("remove", "both"):
        for name in hosts[:3]:
            del edited.rules[name]
    if what == "families":              # no packet is of both
        edited.add(f"2001:db8:2:1::{dice.randrange(1, 65535):x}", "udp/53")
        del edited.rules[edited.some(dice, "host6", 1)[0]]
    if what == "rename":                # the same key with another comment
        edited.rules[hosts[0] + "x"] = edited.rules.pop(hosts[0])
    if what == "again":                 # "r7, r300"
        edited.add(*edited.rules[hosts[0]])
    if what == "port":                  # another key, the same name
        source, service = edited.rules[hosts[0]]
        edited.rules[hosts[0]] = (source, "tcp/443" if service != "tcp/443" else "tcp/444")
    if what == "range":
        del edited.rules[edited.some(dice, "range4", 1)[0]]
        edited.add(f"10.3.{dice.randrange(150, 250)}.{2 * dice.randrange(120)}/31", "tcp/1-9")
    if what == "two sets":              # a packet looks into both, one behind the other
        del edited.rules[edited.some(dice, "proto4", 1)[0]]
    return what, {"add": ("elements", 4, 0), "remove": ("elements", 0, 3),
                  "both": ("elements", 4, 3), "families": ("elements", 5, 1),
                  "nothing": ("nothing",), "port": ("elements", 1, 1)}.get(what, ("whole",))


def try_edits(work, fresh, steps):
    dice = random.Random(20261127)
    edited = Edited(work / "edits.fbk")
    fill(edited, dice)
    live.nft("flush", "ruleset")
    apply_and_check(edited.write(), fresh, "edits: first", ("whole",))
    tally = {}
    for step in range(steps):
        what, wanted = edit(edited, dice)
        way = apply_and_check(edited.write(), fresh, f"edits: {step}: {what}", wanted)
        tally[way[0]] = tally.get(way[0], 0) + 1
    print(f"edits     {steps} edits: {tally}, each as in an empty kernel", flush=True)


# ---- groups -----------------------------------------------------------------

def group_policy(path, groups, mine):
    lines = [f"g{i}: allow {', '.join(hosts)} -> app on tcp/{443 + i};\n"
             for i, hosts in enumerate(groups)]
    return live.policy(path, ", ".join(mine), "10.2.0.0/16", lines)


def try_groups(work, fresh, steps):
    dice = random.Random(7)
    mine = [f"10.1.0.{2 * i}" for i in range(40)]
    groups = [[f"10.2.{g}.{2 * h}" for h in range(40)] for g in range(4)]
    path = work / "groups.fbk"
    live.nft("flush", "ruleset")
    apply_and_check(group_policy(path, groups, mine), fresh, "groups: first", ("whole",))
    tally = {}
    for step in range(steps):
        group = dice.choice(groups)
        if step % 3:
            group.append(f"10.2.{dice.randrange(10, 200)}.{2 * dice.randrange(120)}")
        else:
            group.remove(dice.choice(group))
        way = apply_and_check(group_policy(path, groups, mine), fresh, f"groups: {step}")
        tally[way[0]] = tally.get(way[0], 0) + 1
    if not tally.get("elements"):
        live.fail(f"groups: never by elements: {tally}")
    print(f"groups    {steps} edits: {tally}, each as in an empty kernel", flush=True)


# ---- others -----------------------------------------------------------------

def hosts_policy(path, hosts, name="r"):
    return live.policy(path, "10.1.0.5", "10.2.0.0/16",
                       [f"{name}{h}: allow 10.2.{h // 200}.{h % 200} -> app on tcp/{1024 + h};\n"
                        for h in hosts])


def try_others(work, fresh):
    old, new = (hosts_policy(work / f"{n}.fbk", range(s, s + 300))
                for n, s in (("old", 0), ("new", 3)))
    table = ("inet", "firebreak")
    rule = ("ip", "saddr", "10.2.9.9", "accept")
    one = "{ 10.2.0.9 . 6 . 1033 }"

    def filled_in(word):
        """With the number of the generation, and the handle of its loopback rule."""
        handle = [r["handle"] for r in live.objects("rule") if r.get("comment") == "loopback" and
                  r["chain"].startswith("input")]
        return word.replace("_gN", f"_g{live.generation()[0]}").replace("HANDLE", str(handle[0]))

    def tampered(what, words, wanted):
        live.nft("flush", "ruleset")
        live.expect(live.firebreak("apply", old, "prod.app"), 0, f"others: {what}: first")
        for each in words:
            live.expect(live.nft(*map(filled_in, each)), 0, f"others: {what}: nft")
        apply_and_check(new, fresh, f"others: {what}", wanted)

    tampered("nothing", (), ("elements", 3, 3))
    tampered("a rule more", ((("add", "rule", *table, "input_gN", *rule)),), ("whole",))
    loopback = ("replace", "rule", *table, "input_gN", "handle", "HANDLE", "iif", "lo")
    tampered("another rule", (((*loopback, "drop", "comment", '"loopback"')),), ("whole",))
    tampered("a rule of another name", (((*loopback, "accept", "comment", '"mine"')),), ("whole",))
    tampered("a rule in front", ((("insert", "rule", *table, "input", *rule)),), ("whole",))
    # what nothing refers to goes, as do leftovers of a run that was killed
    tampered("a chain more", ((("add", "chain", *table, "mine")),), ("elements", 3, 3))
    tampered("a set more", ((("add", "set", *table, "mine_g7", "{ type ipv4_addr; }")),),
             ("elements", 3, 3))
    tampered("a chain of ours more", ((("add", "chain", *table, "mine_gN")),), ("whole",))
    tampered("a key more", ((("add", "element", *table, "in4_ports_exact_gN",
                              "{ 10.2.9.9 . 6 . 1 }")),), ("elements", 3, 4))
    tampered("a key less", ((("delete", "element", *table, "in4_ports_exact_gN", one)),),
             ("elements", 4, 3))
    tampered("another comment", (
        ("delete", "element", *table, "in4_ports_exact_gN", one),
        ("add", "element", *table, "in4_ports_exact_gN",
         one.replace(" }", ' comment "gone" }'))), ("whole",))
    # half and more of it is another: that is not little
    apply_and_check(hosts_policy(work / "many.fbk", range(3, 700)), fresh, "others: many", ("whole",))
    # more than it has room for, little by little
    live.nft("flush", "ruleset")
    ways = [apply_and_check(hosts_policy(work / "more.fbk", range(20 + 8 * i)), fresh,
                            f"others: room {i}")[0] for i in range(6)]
    if ways != ["whole", "elements", "elements", "whole", "elements", "elements"]:
        live.fail(f"others: room: {ways}")
    # the kernel refuses an element of it: then all of it is another
    apply_and_check(old, fresh, "others: spoiled: first")
    done = spoiled("element 0 1", new)
    live.expect(done, 0, "others: spoiled")
    if way_of(done) != ("whole",):
        live.fail(f"others: spoiled: {way_of(done)}")
    apply_and_check(new, fresh, "others: spoiled: afterwards", ("nothing",))
    print("others    rules, chains, sets and comments of others: loaded whole; keys: mended",
          flush=True)


# ---- confirm ----------------------------------------------------------------

def try_confirm(work, fresh):
    old, new = (hosts_policy(work / f"{n}.fbk", range(s, s + 300))
                for n, s in (("before", 0), ("after", 5)))
    live.nft("flush", "ruleset")
    apply_and_check(old, fresh, "confirm: first", ("whole",))
    before = live.nft("list", "ruleset").stdout

    def gone_back(what):
        now = live.nft("-j", "list", "ruleset").stdout
        if ruleset(now) != fresh.ruleset(old) or live.generation() != ["1"]:
            live.fail(f"confirm: {what}: not gone back")
        live.expect(live.firebreak("prove", old, "--live"), 0, f"confirm: {what}: prove --live")

    live.expect(live.firebreak("apply", new, "prod.app", "--confirm", "20s", input="no\n"), 1,
                "confirm: no")
    gone_back("no")
    live.expect(live.firebreak("apply", new, "prod.app", "--confirm", "1s",
                               stdin=subprocess.PIPE), 1, "confirm: too late")
    gone_back("too late")
    tool = os.environ.get("FIREBREAK", str(live.ROOT / "build/firebreak"))
    lost = subprocess.Popen([tool, "apply", new, "prod.app", "--confirm", "60s", *live.DAY],
                            stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    while b"Loaded" not in lost.stderr.read1(200):
        pass
    live.expect(live.firebreak("prove", new, "--live"), 0, "confirm: while it is asked")
    lost.kill()                         # as a console that is gone
    lost.wait()
    for _ in range(100):
        if live.firebreak("prove", old, "--live").returncode == 0:
            break
        time.sleep(0.05)
    gone_back("console gone")
    done = live.firebreak("apply", old, "prod.app", "--confirm", "20s", stdin=subprocess.DEVNULL)
    live.expect(done, 0, "confirm: nothing to change, nothing to ask")
    done = live.firebreak("apply", new, "prod.app", "--confirm", "20s", input="yes\n")
    live.expect(done, 0, "confirm: yes")
    if way_of(done) != ("elements", 5, 5):
        live.fail(f"confirm: {way_of(done)}")
    apply_and_check(new, fresh, "confirm: afterwards", ("nothing",))
    if before == live.nft("list", "ruleset").stdout:
        live.fail("confirm: nothing has changed")
    print("confirm   no, too late, yes, and a console that is gone: the elements go back",
          flush=True)


# ---- kill -------------------------------------------------------------------

def try_kill(work, fresh, rounds):
    """Many elements, so that there is time to be killed in."""
    old, new = (hosts_policy(work / f"kill{n}.fbk", [*range(6000), *range(s, s + 1200)])
                for n, s in ((0, 6000), (1, 7200)))
    tool = os.environ.get("FIREBREAK", str(live.ROOT / "build/firebreak"))
    should = [fresh.ruleset(p) for p in (old, new)]
    live.nft("flush", "ruleset")
    live.expect(live.firebreak("apply", old, "prod.app"), 0, "kill: first")
    began = time.monotonic()
    if way_of(live.firebreak("apply", new, "prod.app")) != ("elements", 1200, 1200):
        live.fail("kill: not by elements")
    length = time.monotonic() - began
    dice = random.Random(9)
    states = {"old": 0, "new": 0}
    for i in range(rounds):
        running = subprocess.Popen([tool, "apply", (old, new)[i % 2], "prod.app", *live.DAY],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.2, 1.0) * length)
        running.send_signal(signal.SIGKILL)
        running.wait()
        now = ruleset(live.nft("-j", "list", "ruleset").stdout)
        if now not in should:
            live.fail(f"kill: round {i}: neither the old elements nor the new ones")
            continue
        states[("old", "new")[should.index(now)]] += 1
    apply_and_check(old, fresh, "kill: last")
    if live.generation() != ["1"]:
        live.fail(f"kill: generation {live.generation()}")
    print(f"kill      {rounds} rounds: {states}, none torn", flush=True)


# ---- traffic ----------------------------------------------------------------

def try_traffic(work, reloads):
    """
    On each hook and in both families; then the same rules under other names, which are
    another ruleset: hashes that are replaced whole.
    """
    row = paths.row()
    some = hitless.Reloads(work, "delta", rules.exact(10000))
    hitless.check_detector(row, some.flows)
    for wanted in ("elements", "whole"):
        if wanted == "whole":
            text = some.paths[1].read_text()
            some.paths[1].write_text(re.sub(r"^(?=\S+: allow )", "x", text, flags=re.M))
        paths.forget_tables()
        ways = []

        def apply(which):
            for part in hitless.PARTS:
                done = live.firebreak("apply", some.paths[which], f"prod.{part}")
                live.expect(done, 0, f"traffic: {part}")
                ways.append("elements" if "elements added" in done.stdout else "whole")

        took, traffic = hitless.under_traffic(row, some.flows, apply, reloads)
        hitless.show("delta", wanted, reloads, took, traffic)
        if set(ways[len(hitless.PARTS):]) != {wanted}:
            live.fail(f"traffic: {ways}, not {wanted}")
        for complaint in traffic.complaints():
            live.fail(f"traffic: {wanted}: {complaint}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=40, help="edits")
    parser.add_argument("--rounds", type=int, default=30, help="of kill")
    parser.add_argument("tests", nargs="*", choices=[[], "refused", "edits", "groups", "others",
                                                     "confirm", "kill", "traffic"])
    arguments = parser.parse_args()
    run.get_namespaces()
    fresh = Fresh()
    live.skip_namespace()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        tests = {"refused": lambda: try_refused(work),
                 "edits": lambda: try_edits(work, fresh, arguments.steps),
                 "groups": lambda: try_groups(work, fresh, arguments.steps // 2),
                 "others": lambda: try_others(work, fresh),
                 "confirm": lambda: try_confirm(work, fresh),
                 "kill": lambda: try_kill(work, fresh, arguments.rounds),
                 "traffic": lambda: try_traffic(work, 4)}
        for name in arguments.tests or tests:
            began = time.monotonic()
            tests[name]()
            print(f"{name:9} took {time.monotonic() - began:.0f} s", flush=True)
    fresh.machine.end()
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

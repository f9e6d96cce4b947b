#!/usr/bin/env python3
"""`firebreak apply` under traffic: nothing allowed is lost, nothing refused passes.

Two policies take turns, one reload behind the other, while tests/kernel/traffic sends
what both allow and what neither does, as fast as it can, over IPv4 and IPv6: to a host
(its input hook), from it (output), and through a gateway (forward).  A reload is that of
the host's ruleset and of the gateway's.  What the two have in common is written here, not
compiled.  The same reloads by `nft -f` of the same rulesets are measured beside it; what
those lose is printed, and is nobody's failure.

  exact    10,000 hosts by hosts and single ports: one set of exact keys of each hook
  groups   hosts by groups of hosts: a map, and 10,000 exact keys in the sets of groups
  set      1,000 networks and ranges of ports: one set of ranges
  parts    10,000 of them: parts of some hundred ranges, behind a map

Lost is a packet that nothing but a ruleset can have stopped: tests/kernel/traffic.c says
how that is known.

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import argparse
import itertools
import pathlib
import random
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import live                             # noqa: E402
import paths                            # noqa: E402
import rules                            # noqa: E402
import run                              # noqa: E402

SHAPES = {"exact": lambda: rules.exact(10000), "groups": lambda: rules.groups(1000, 10),
          "set": lambda: rules.ranges(1000), "parts": lambda: rules.ranges(10000)}
OWN = 100               # one in so many rules is of one of the two policies alone
FLOWS = 1500            # rules that packets are sent for
PARTS = "app", "gateway"
CLOSED = "".join(f"table inet closed {{ chain {hook} {{ type filter hook {hook} priority 0; "
                 "policy drop; }; }\n" for hook in paths.WAYS)


# ---- policies ---------------------------------------------------------------

def of_policy(made, which):
    """Rules that both have, but for some that only one of them has."""
    return [None if i % OWN == (7, 70)[which] else rule for i, rule in enumerate(made)]


def tried_of(rule):
    """A packet that RULE allows, and some that it does not, of each way and family."""
    protocol, low, high = rule.service
    for way, family in itertools.product(rule.ways, rule.families):
        far, _ = rules.span(rules.FAR, family, *rule.far[0], rule.single)
        app, _ = rules.span(rules.APP, family, *rule.app[0], rule.single)
        other = "udp" if protocol == "tcp" else "tcp"
        for service in ((protocol, low), (protocol, high + 1), (other, low), ("plain", 0)):
            yield way, family, far, app, service


def write_flows(path, policies, made):
    """What both allow and what neither does; the others nobody can be sure of."""
    first, second = (rules.Allowed(p) for p in policies)
    some = made if len(made) < FLOWS else random.Random(1).sample(made, FLOWS)
    packets = []
    for packet in sorted({p for rule in [*some, *rules.pings()] for p in tried_of(rule)}):
        judgements = {first.has(*packet), second.has(*packet)}
        if len(judgements) == 1:
            packets.append((packet, *judgements))
    return rules.write_flows(path, packets)


# ---- reloads ----------------------------------------------------------------

class Reloads:
    """The rulesets of both policies, loaded in one way or the other."""

    def __init__(self, work, name, made):
        made = made + rules.pings()
        policies = [of_policy(made, which) for which in range(2)]
        self.name = name
        self.paths = [rules.write_policy(work / f"{name}{which}.fbk", policy)
                      for which, policy in enumerate(policies)]
        self.flows = work / f"{name}.flows"
        write_flows(self.flows, policies, made)
        for path in self.paths:
            live.expect(live.firebreak("compile", path, "-t", "nft", "-o", path.with_suffix("")),
                        0, f"hitless: {path.name}")

    def apply(self, which):
        for part in PARTS:
            live.expect(live.firebreak("apply", self.paths[which], f"prod.{part}"), 0,
                        f"hitless: {self.name} by apply")

    def nft(self, which):
        for part in PARTS:
            file = self.paths[which].with_suffix("") / "prod/nft" / f"{part}.nft"
            live.expect(live.nft("-f", file), 0, f"hitless: {self.name} by nft -f")


def under_traffic(row, flows, how, count):
    """HOW(which) loads one of the two: how long each took, and what came of it."""
    how(0)
    with paths.Traffic(row, flows) as traffic:
        began = time.monotonic()
        for i in range(count):
            how((i + 1) % 2)
        took = time.monotonic() - began
    return took / count, traffic


def show(name, how, count, took, traffic):
    print(f"hitless   {name:6} {count:2} reloads by {how:6} of {took:.2f} s, unsent "
          f"{traffic.unsent}, unsure {traffic.unsure}")
    for hook, family in itertools.product(paths.WAYS, (4, 6)):
        allowed, lost, refused, passed = traffic.of(hook, family)
        print(f"            {hook:7} IPv{family}: lost {lost} of {allowed} allowed, passed "
              f"{passed} of {refused} refused", flush=True)
        if not allowed or not refused:
            live.fail(f"hitless: {name} by {how}: nothing was tried on {hook} IPv{family}")


def check_detector(row, flows):
    """It counts what is lost and what passes, when all is, on each hook."""
    for ruleset, lost_of, passed_of in (("", 0, 1), (CLOSED, 1, 0)):
        paths.forget_tables()
        live.expect(live.nft("-f", "-", stdin=ruleset), 0, "hitless: closed")
        with paths.Traffic(row, flows, 2000) as traffic:
            pass
        for hook, family in itertools.product(paths.WAYS, (4, 6)):
            allowed, lost, refused, passed = traffic.of(hook, family)
            if (not allowed or not refused or lost != lost_of * allowed or
                    passed != passed_of * refused):
                live.fail(f"hitless: {hook} IPv{family}: {ruleset or 'no ruleset'}: lost {lost} "
                          f"of {allowed}, passed {passed} of {refused}")


def try_shape(work, row, name, count):
    reloads = Reloads(work, name, SHAPES[name]())
    check_detector(row, reloads.flows)
    for how, load, turns in (("apply", reloads.apply, count), ("nft -f", reloads.nft, 2 * count)):
        paths.forget_tables()
        took, traffic = under_traffic(row, reloads.flows, load, turns)
        show(name, how, turns, took, traffic)
        if how == "apply":
            for complaint in traffic.complaints():
                live.fail(f"hitless: {name}: {complaint}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reloads", type=int, default=2, help="of each shape, by apply")
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=", ".join(SHAPES))
    arguments = parser.parse_args()
    run.get_namespaces()
    row = paths.row()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        for name in arguments.shapes or SHAPES:
            try_shape(pathlib.Path(directory), row, name, arguments.reloads)
    print(f"hitless   took {time.monotonic() - began:.0f} s, {len(live.failures)} failed",
          flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

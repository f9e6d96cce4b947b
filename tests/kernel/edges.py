#!/usr/bin/env python3
"""Packets on both sides of every edge of every shape of ruleset.

The rulesets of live.py, each loaded by `firebreak apply` and by `nft -f`, get TCP
connections from the first and last address and to the first and last port of what a
rule allows, and from and to the neighbours of these: of every rule of small ones, of a
sample of large ones.  What is allowed is looked up in the list of rules that is made
here, not compiled.

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import argparse
import ipaddress
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import hitless                          # noqa: E402
import live                             # noqa: E402
import machine                          # noqa: E402
import run                              # noqa: E402

RULES_MOST = 400        # of a ruleset, whose edges are tried



def linear(size):
    return [("10.2.0.0/16", 100 + 2 * i, 100 + 2 * i) for i in range(size)], hitless.HOST


def exact(size):
    return [(f"10.2.{i // 100}.{2 * (i % 100)}/32", port, port)
            for i in range(size) for port in [1024 + 2 * (i % 5000)]], hitless.HOST


def ranges(size):
    return [(f"10.{2 + i // 50000}.{i // 128 % 256}.{i % 128 * 2}/31", low, low + 99)
            for i in range(size) for low in [1000 * (1 + i % 50)]], hitless.HOST


def groups(size):
    count = max(4, round((size / 4) ** 0.5))
    return [(f"10.2.{g}.{2 * h}/32", 443 + g, 443 + g)
            for g in range(4) for h in range(count)], "10.1.0.4"


SHAPES = ((live.linear, linear, (8,)), (live.exact, exact, (10, 1000, 10000)),
          (live.ranges, ranges, (10, 1000, 10000)), (live.groups, groups, (100, 1000, 10000)))


class Allowed:
    """What a list of (net, low, high) says, asked one packet at a time."""

    def __init__(self, rules):
        self.wide, self.by_address = [], {}
        for net, low, high in rules:
            net = ipaddress.ip_network(net)
            if net.num_addresses > 2:
                self.wide.append((net, low, high))
                continue
            for address in range(int(net[0]), int(net[-1]) + 1):
                self.by_address.setdefault(address, []).append((low, high))

    def has(self, address, port):
        return (any(low <= port <= high for low, high in self.by_address.get(address, ())) or
                any(int(net[0]) <= address <= int(net[-1]) and low <= port <= high
                    for net, low, high in self.wide))


def flows(rules, destination):
    allowed = Allowed(rules)
    some = rules if len(rules) <= RULES_MOST else random.Random(1).sample(rules, RULES_MOST)
    tried = set()
    for net, low, high in some:
        net = ipaddress.ip_network(net)
        first, last = int(net[0]), int(net[-1])
        for address in (first - 1, first, last, last + 1):
            for port in (low - 1, low, high, high + 1):
                tried.add((address, port))
    for address, port in sorted(tried):
        word = "yes" if allowed.has(address, port) else "no"
        yield f"{word} tcp {ipaddress.ip_address(address)} {destination} {port}"


def try_packets(what, sender, path, count):
    """All of them at least once: how many there were."""
    live.expect(live.nft("-f", "-", stdin=hitless.NOT_TRACKED), 0, "notrack")
    with hitless.Traffic(sender, path) as traffic:
        time.sleep(0.2 + count / 20000)
    if traffic.lost or traffic.passed:
        live.fail(f"edges: {what}: {traffic}")
    if traffic.allowed + traffic.refused < count:
        live.fail(f"edges: {what}: {traffic.allowed + traffic.refused} packets, of {count}")
    if not traffic.allowed or not traffic.refused:
        live.fail(f"edges: {what}: {traffic}: says nothing")


def try_shape(work, sender, make, rules_of, size):
    what = f"{make.__name__} {size}"
    policy = make(work / f"{make.__name__}{size}.fbk", size)
    rules, destination = rules_of(size)
    lines = list(flows(rules, destination))
    path = work / f"{make.__name__}{size}.flows"
    path.write_text("\n".join(lines) + "\n")
    out = work / f"{make.__name__}{size}"
    live.expect(live.firebreak("compile", policy, "-t", "nft", "-o", out), 0, what)
    for how in ("apply", "nft -f"):
        live.nft("flush", "ruleset")
        live.expect(live.firebreak("apply", policy, "prod.app") if how == "apply" else
                    live.nft("-f", out / "prod/nft/app.nft"), 0, f"edges: {what} by {how}")
        try_packets(f"{what} by {how}", sender, path, len(lines))
    print(f"edges     {what:13}: {len(lines)} flows, "
          f"{sum(line.startswith('yes') for line in lines)} of them allowed", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.parse_args()
    run.get_namespaces()
    sender = machine.Machine("sender")
    live.skip_namespace()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        hitless.wire(sender)
        subprocess.run(["ip", "address", "add", "10.1.0.4/32", "dev", "here"], check=True)
        for make, rules_of, sizes in SHAPES:
            for size in sizes:
                try_shape(pathlib.Path(directory), sender, make, rules_of, size)
    sender.end()
    print(f"edges     took {time.monotonic() - began:.0f} s, {len(live.failures)} failed",
          flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

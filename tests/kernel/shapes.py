#!/usr/bin/env python3
"""Every shape that a ruleset may take, at every size, in a real kernel.

Policies of 10, 1,000 and 10,000 rules, for hosts and for a gateway, over IPv4 and IPv6,
are loaded by `firebreak apply` and by `nft -f`.  Each is

  list   listed by `nft list ruleset`
  json   listed by `nft -j list ruleset`
  live   proved from the kernel's own expressions
  text   proved from what nft lists
  -j     proved from what nft lists as JSON, of the host and of the gateway

and gets packets on both sides of every edge of what its rules allow, of all rules of
small ones and of a sample of large ones, on the input, output and forward hooks: what is
allowed is looked up in the rules that were made here, not compiled.  Every cell of the
table at the end says so; a cell that did not run is a failure.

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import argparse
import itertools
import json
import pathlib
import random
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import live                             # noqa: E402
import paths                            # noqa: E402
import rules                            # noqa: E402
import run                              # noqa: E402

SAMPLE = 120                    # rules, whose edges are tried
CHECKS = "load", "list", "json", "live", "text", "-j"
# what the ruleset of a shape has to have in it, by size: else another one was tried
LINES, HASH, SET, PARTS, MAP = "lines", "hash", "set", "parts", "map"
SHAPES = ((rules.linear, {8: LINES}),
          (rules.exact, {10: HASH, 1000: HASH, 10000: HASH}),
          (rules.groups, {10: MAP, 1000: MAP, 10000: MAP}),
          (rules.ranges, {10: SET, 1000: SET, 10000: PARTS}),
          (rules.icmp, {10: SET, 1000: SET}),
          (rules.plain, {10: SET, 1000: SET}))
PARTS_OF = {"prod.app": "firebreak", "prod.gateway": "firebreak_gateway"}


class Cell:
    """One shape of one size, loaded in one way: what was done with it."""

    def __init__(self, shape, size, how):
        self.what = f"{shape.__name__} {size} by {how}"
        self.shape, self.size, self.how = shape.__name__, size, how
        self.forms = set()      # of the host's and of the gateway's ruleset
        self.done, self.traffic, self.seconds = {}, None, 0.0

    def check(self, name, results):
        """All of RESULTS have to be 0."""
        self.done[name] = all([live.expect(r, 0, f"shapes: {self.what}: {name}")
                               for r in results])

    def row(self):
        cells = [f"{self.shape:7}", f"{self.size:6}", f"{'/'.join(sorted(self.forms)):6}", f"{self.how:6}"]
        cells += ["yes " if self.done.get(name) else "NO  " for name in CHECKS]
        for hook, family in itertools.product(paths.WAYS, (4, 6)):
            allowed, lost, refused, passed = (self.traffic.of(hook, family) if self.traffic
                                              else (0, 0, 0, 0))
            wrong = lost or passed or not allowed or not refused
            cells.append(f"{f'{allowed}/{refused}' + ('!' if wrong else ''):>11}")
        return " ".join(cells) + f" {self.seconds:5.1f}"

    def is_whole(self):
        return (all(self.done.get(name) for name in CHECKS) and self.traffic and
                all(all(self.traffic.of(hook, family)[0::2])
                    for hook in paths.WAYS for family in (4, 6)))


HEADINGS = (" ".join([f"{'shape':7}", f"{'rules':>6}", f"{'is':6}", f"{'by':6}",
                      *(f"{c:4}" for c in CHECKS)] +
                     [f"{f'{hook} {family}':>11}" for hook in paths.WAYS for family in (4, 6)]) +
            "     s\n" + " " * 59 + "packets allowed/refused, of each hook and family")


# ---- one cell ---------------------------------------------------------------

def form_of(listed):
    """The shape that the kernel has, by what only one of them needs."""
    if re.search(r"vmap @(in|out|fwd)[46]_hosts", listed):
        return MAP
    if re.search(r"vmap @(in|out|fwd)[46]_\w+_by", listed):
        return PARTS
    if re.search(r"@(in|out|fwd)[46]_\w+_exact", listed):
        return HASH
    if re.search(r"@(in|out|fwd)[46]_", listed):
        return SET
    return LINES


def load(cell, policy, out):
    paths.forget_tables()
    if cell.how == "apply":
        return [live.firebreak("apply", policy, part) for part in PARTS_OF]
    return [live.nft("-f", out / "prod/nft" / (part.partition(".")[2] + ".nft"))
            for part in PARTS_OF]


def table_of(listed, table):
    """What a listing of all says of one table, as `nft list table` would."""
    if not listed.startswith("{"):
        return "".join(re.findall(rf"^table inet {table} \{{\n.*?^\}}\n", listed, re.M | re.S))
    kept = []
    for thing in json.loads(listed)["nftables"]:
        (kind, value), = thing.items()
        if kind == "metainfo" or table == value.get("name" if kind == "table" else "table"):
            kept.append(thing)
    return json.dumps({"nftables": kept})


def list_all(cell, policy):
    for flags, name, proved in (((), "list", "text"), (("-j",), "json", "-j")):
        done = live.nft(*flags, "list", "ruleset")
        cell.check(name, [done])
        if not flags:
            cell.forms = {form_of(table_of(done.stdout, t)) for t in PARTS_OF.values()}
        cell.check(proved, [live.firebreak("prove", policy, "-", "--part", part,
                                           input=table_of(done.stdout, table))
                            for part, table in PARTS_OF.items()])


def try_packets(cell, row, flow_file, count):
    """All of them, once at least."""
    with paths.Traffic(row, flow_file, count) as traffic:
        pass
    cell.traffic = traffic
    for complaint in traffic.complaints():
        live.fail(f"shapes: {cell.what}: {complaint}")


def try_cell(cell, row, policy, out, flows, form):
    began = time.monotonic()
    cell.check("load", load(cell, policy, out))
    list_all(cell, policy)
    cell.check("live", [live.firebreak("prove", policy, "--live")])
    if cell.forms != {form}:
        live.fail(f"shapes: {cell.what}: is {cell.forms}, should be {form}")
    try_packets(cell, row, *flows)
    cell.seconds = time.monotonic() - began
    if not cell.is_whole():
        live.fail(f"shapes: {cell.what}: not all of it was tried")


# ---- all of them ------------------------------------------------------------

def judged(made):
    """Packets at the edges of MADE, and whether it allows them."""
    allowed = rules.Allowed(made)
    some = made if len(made) <= SAMPLE else random.Random(1).sample(made, SAMPLE)
    packets = sorted({packet for rule in some for packet in rules.packets_at_edges(rule)})
    return [(packet, allowed.has(*packet)) for packet in packets]


def try_shape(work, row, shape, size, form):
    made = shape(size)
    name = f"{shape.__name__}{size}"
    policy = rules.write_policy(work / f"{name}.fbk", made)
    flow_file, out = work / f"{name}.flows", work / name
    count = rules.write_flows(flow_file, judged(made))
    live.expect(live.firebreak("compile", policy, "-t", "nft", "-o", out), 0, name)
    for how in ("apply", "nft -f"):
        cell = Cell(shape, size, how)
        try_cell(cell, row, policy, out, (flow_file, count), form)
        yield cell


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("shapes", nargs="*", metavar="SHAPE",
                        help=", ".join(s.__name__ for s, _ in SHAPES))
    wanted = parser.parse_args().shapes
    run.get_namespaces()
    row = paths.row()
    began = time.monotonic()
    cells = []
    with tempfile.TemporaryDirectory() as directory:
        for shape, forms in SHAPES:
            for size, form in forms.items():
                if not wanted or shape.__name__ in wanted:
                    cells += try_shape(pathlib.Path(directory), row, shape, size, form)
    print(HEADINGS)
    for cell in cells:
        print(cell.row())
    print(f"shapes    took {time.monotonic() - began:.0f} s, {len(live.failures)} failed",
          flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

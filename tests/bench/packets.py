#!/usr/bin/env python3
"""What our rulesets cost a packet, beside no ruleset and beside one rule a line.

Nanoseconds a packet, the least of some rounds, from one network namespace to
another on one CPU, with the ratio to the same path without any rule of ours:

  hot      of a connection that is established
  new      opens one that is allowed (it is stopped behind the rules, so that the
           next one is new again)
  refused  is not allowed

and what loading takes by `firebreak apply --times` and by `nft -f` of the same
ruleset.  `nothing` has no table at all, `tracked` only `ct state established
accept`.  Slow is no failure.  Needs root, or a user namespace.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/kernel"))

import hitless                          # noqa: E402
import live                             # noqa: E402
import machine                          # noqa: E402
import run                              # noqa: E402

HOT, MANY = 8, 512
LATE = """table ip late {
  chain input { type filter hook input priority 100; policy drop; }
}
"""
TRACKED = """table inet tracked {
  chain input { type filter hook input priority 0; policy accept;
    ct state established,related accept
  }
}
"""


def rule(shape, i):
    """Net, ports and an address of the I-th rule, all of UDP."""
    if shape == "hashes":
        net = f"10.{2 + i // 65536}.{i // 256 % 256}.{i % 256}"
        return net, (1024 + i % 5000,) * 2, net
    low = 1000 * (1 + i % 50)
    net = f"10.{2 + i // 32768}.{i // 128 % 256}.{i % 128 * 2}"
    return f"{net}/31", (low, low + 99), net


def write_policy(path, shape, count):
    lines = []
    for i in range(count):
        net, (low, high), _ = rule(shape, i)
        lines.append(f"r{i}: allow {net} -> app on udp/{low}"
                     f"{f'-{high}' if high > low else ''};\n")
    return live.policy(path, hitless.HOST, "10.2.0.0/15, 10.4.0.0/14", lines)


def write_lines(path, shape, count):
    """The same, one rule a line, as one would by hand."""
    with open(path, "w", encoding="ascii") as file:
        file.write("table inet lines {\n chain input {\n"
                   "  type filter hook input priority 0; policy drop;\n"
                   "  ct state established,related accept\n")
        for i in range(count):
            net, (low, high), _ = rule(shape, i)
            file.write(f"  ip saddr {net} udp dport {low}-{high} accept\n")
        file.write(" }\n}\n")


def write_flows(path, shape, count, kind):
    flows = []
    for k in range(HOT if kind == "hot" else MANY):
        _, (low, high), source = rule(shape, k * 7919 % count)
        port = high + 150 if kind == "refused" else low
        flows.append(f"{source} {20000 + k} {hitless.HOST} {port}\n")
    path.write_text("".join(flows), encoding="ascii")


class Path:
    """From the sender's namespace to here."""

    def __init__(self, sender, work):
        self.sender, self.work = sender, work
        self.tool = os.environ.get("PACKETS", str(ROOT / "build/tests/bench/packets"))

    def cost(self, shape, count, kind):
        flows = self.work / "flows"
        write_flows(flows, shape, count, kind)
        if kind != "hot":
            live.nft("-f", "-", stdin=LATE)
        done = subprocess.run([self.tool, str(self.sender.pid), "there", "here", str(flows),
                               *(["answer"] if kind == "hot" else [])],
                              capture_output=True, text=True, check=False)
        if kind != "hot":
            live.nft("delete", "table", "ip", "late")
        if done.returncode:
            sys.exit(f"FAIL {shape} {count} {kind}: {done.stderr}")
        return int(done.stdout.split()[0])

    def costs(self, shape, count):
        return [self.cost(shape, count, kind) for kind in ("hot", "new", "refused")]


def load(path):
    began = time.monotonic()
    done = live.nft("-f", str(path))
    if done.returncode:
        sys.exit(f"FAIL nft -f {path}: {done.stderr[:300]}")
    return time.monotonic() - began


def line(what, costs, before, extra=""):
    cells = "  ".join(f"{cost:7} {cost / base:6.2f}" for cost, base in zip(costs, before))
    print(f"  {what:22} {cells}  {extra}", flush=True)


def try_size(path, shape, count, nothing):
    policy = write_policy(path.work / "p.fbk", shape, count)
    out = path.work / "out"
    live.expect(live.firebreak("compile", policy, "-t", "nft", "-o", out), 0, policy.name)
    took = load(out / "prod/nft/app.nft")
    costs = path.costs(shape, count)
    live.nft("delete", "table", "inet", "firebreak")
    done = live.firebreak("apply", policy, "prod.app", "--times")
    live.expect(done, 0, "apply")
    live.nft("delete", "table", "inet", "firebreak")
    line(f"{count} {shape}", costs, nothing, f"nft -f {took:.3f} s")
    print(f"{'':26}load by apply {loading(done.stderr, took)}", flush=True)


def loading(told, nft):
    """Of what `apply --times` told: what loading is, beside nft -f, and all of it."""
    steps = {name: float(ms) / 1000 for name, ms in
             re.findall(r"([a-z][a-z ]*) ([0-9.]+) ms", told.partition("took: ")[2])}
    load_alone = steps["build"] + steps["send"]
    return (f"{load_alone:.3f} s, nft -f {nft / load_alone:.1f} times that; "
            f"with check, proofs and connections {sum(steps.values()):.3f} s")


def try_lines(path, shape, count, nothing):
    file = path.work / "lines.nft"
    write_lines(file, shape, count)
    took = load(file)
    line(f"{count} lines", path.costs(shape, count), nothing, f"nft -f {took:.3f} s")
    live.nft("delete", "table", "inet", "lines")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rules", type=int, nargs="*",
                        default=[10, 100, 1000, 10000, 100000])
    parser.add_argument("--lines-most", type=int, default=10000,
                        help="rules of one a line, of which each packet meets each")
    arguments = parser.parse_args()
    run.get_namespaces()
    sender = machine.Machine("sender")
    live.skip_namespace()
    with tempfile.TemporaryDirectory() as directory:
        hitless.wire(sender)
        live.nft("delete", "table", "ip", "traffic")
        path = Path(sender, pathlib.Path(directory))
        for shape in ("hashes", "ranges"):
            nothing = path.costs(shape, 1000)
            print(f"{shape}: ns a packet and its ratio to no ruleset\n"
                  f"  {'':22} {'hot':>14}  {'new':>14}  {'refused':>14}")
            line("nothing", nothing, nothing)
            live.nft("-f", "-", stdin=TRACKED)
            line("tracked", path.costs(shape, 1000), nothing)
            live.nft("delete", "table", "inet", "tracked")
            for count in arguments.rules:
                try_size(path, shape, count, nothing)
                if count <= arguments.lines_most:
                    try_lines(path, shape, count, nothing)
    sender.end()
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""`firebreak apply` under traffic: nothing allowed is lost, nothing refused passes.

Two rulesets of 10,000 elements take turns, one reload behind the other, while
tests/kernel/traffic sends what both allow and what neither does, as fast as it
can.  Which elements the two have in common is written here, not compiled.  The
same reloads by `nft -f` of the same rulesets are measured beside it; what those
lose is printed, and is nobody's failure.

  hashes    hosts by hosts and single ports: one set of exact keys
  ranges    small nets and ranges of ports: concatenations of ranges in buckets
  prefixes  nets on one port: ranges of addresses

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import live                             # noqa: E402
import machine                          # noqa: E402
import run                              # noqa: E402

ELEMENTS = 10000
OWN = 100               # of each of the two rulesets
HOST = "10.1.0.5"
PLUMBING = """link set lo up
link set here up
address add 10.1.0.5/32 dev here
neigh add 169.254.0.2 lladdr 02:00:00:00:00:02 dev here nud permanent
route add default via 169.254.0.2 dev here onlink
"""
PLUMBING_THERE = """link set there up
address add 169.254.0.2/32 dev there
neigh add 169.254.0.1 lladdr 02:00:00:00:00:01 dev there nud permanent
route add default via 169.254.0.1 dev there onlink
"""
# Every packet is to meet the rules themselves, and not a connection that one
# before it has opened; and there is no room for so many.
NOT_TRACKED = """table ip traffic {
  chain every { type filter hook prerouting priority raw; notrack; }
}
"""


# ---- rulesets ---------------------------------------------------------------

def hashes(i):
    """Source, protocol and ports of the I-th rule."""
    return f"10.2.{i // 100}.{2 * (i % 100)}", "tcp udp".split()[i % 2], (1024 + i % 5000,) * 2


def ranges(i):
    low = 1000 * (1 + i % 50)
    return (f"10.{2 + i // 32768}.{i // 128 % 256}.{i % 128 * 2}/31", "tcp udp".split()[i % 2],
            (low, low + 99))


def prefixes(i):
    return f"10.{2 + i // 32768}.{i // 128 % 256}.{i % 128 * 2}/31", "tcp", (443, 443)


SHAPES = (hashes, ranges, prefixes)


def is_in(ruleset, i):
    """Rules that both have, but for some that only one of them has."""
    return i % (ELEMENTS // OWN) != (7, 70)[ruleset]


def write_policy(path, shape, ruleset):
    lines = []
    for i in range(ELEMENTS):
        if is_in(ruleset, i):
            net, protocol, (low, high) = shape(i)
            ports = f"{low}-{high}" if high > low else low
            lines.append(f"r{i}: allow {net} -> app on {protocol}/{ports};\n")
    return live.policy(path, f"{HOST}", "10.2.0.0/15", lines)


def flows(shape):
    """What both rulesets allow, and beside each of it something that neither does."""
    for i in range(0, ELEMENTS, 3):
        net, protocol, (low, high) = shape(i)
        source = net.partition("/")[0]
        if is_in(0, i) and is_in(1, i):
            yield f"yes {protocol} {source} {HOST} {high}"
            yield f"no {protocol} {source} {HOST} {high + 1}"
            yield f"no {'udp' if protocol == 'tcp' else 'tcp'} {source} {HOST} {low}"
            yield f"no {protocol} 10.3.255.{i % 256} {HOST} {low}"


# ---- traffic ----------------------------------------------------------------

class Traffic:
    """Running from `with` on; then .allowed, .lost, .refused and .passed."""

    def __init__(self, sender, path):
        tool = os.environ.get("TRAFFIC", str(live.ROOT / "build/tests/kernel/traffic"))
        self.command = [tool, str(sender.pid), "there", "here", str(path)]

    def __enter__(self):
        self.running = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.running.stdout.readline() != "going\n":
            raise RuntimeError("no traffic")
        return self

    def __exit__(self, *_):
        out, _ = self.running.communicate()
        if self.running.returncode:
            raise RuntimeError("the traffic broke down")
        self.allowed, self.lost, self.refused, self.passed = map(int, out.split())

    def __str__(self):
        return (f"lost {self.lost} of {self.allowed} allowed, "
                f"passed {self.passed} of {self.refused} refused")


def wire(sender):
    """The sender's namespace and this one, one link between them."""
    subprocess.run(["ip", "link", "add", "here", "address", "02:00:00:00:00:01",
                    "type", "veth", "peer", "name", "there", "address", "02:00:00:00:00:02",
                    "netns", str(sender.pid)], check=True)
    subprocess.run(["ip", "-batch", "-"], input=PLUMBING, text=True, check=True)
    sender.run(["ip", "-batch", "-"], PLUMBING_THERE)
    for name in ("all", "here"):
        pathlib.Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("0")
    if live.nft("-f", "-", stdin=NOT_TRACKED).returncode:
        raise RuntimeError("no notrack")


def check_detector(sender, path):
    """It counts what is lost and what passes, when all is."""
    live.nft("delete", "table", "inet", "firebreak")
    with Traffic(sender, path) as traffic:
        time.sleep(0.05)
    if traffic.lost or traffic.passed != traffic.refused:
        live.fail(f"hitless: without a ruleset: {traffic}")
    live.nft("-f", "-", stdin="table inet firebreak { chain input { "
             "type filter hook input priority 0; policy drop; }; }")
    with Traffic(sender, path) as traffic:
        time.sleep(0.05)
    if traffic.passed or traffic.lost != traffic.allowed:
        live.fail(f"hitless: behind a closed door: {traffic}")
    live.nft("delete", "table", "inet", "firebreak")


# ---- reloads ----------------------------------------------------------------

def reload_under_traffic(sender, flow_file, how, count):
    """HOW(which) loads one of the two; how long each took, and what came of it."""
    how(0)
    with Traffic(sender, flow_file) as traffic:
        began = time.monotonic()
        for i in range(count):
            how((i + 1) % 2)
        took = time.monotonic() - began
    return took / count, traffic


def try_shape(work, sender, shape, reloads):
    name = shape.__name__
    policies = [write_policy(work / f"{name}{i}.fbk", shape, i) for i in range(2)]
    flow_file = work / f"{name}.flows"
    flow_file.write_text("\n".join(flows(shape)) + "\n")
    files = []
    for path in policies:
        out = path.with_suffix("")
        live.expect(live.firebreak("compile", path, "-t", "nft", "-o", out), 0, path.name)
        files.append(out / "prod/nft/app.nft")
    check_detector(sender, flow_file)

    def apply(which):
        live.expect(live.firebreak("apply", policies[which], "prod.app"), 0,
                    f"hitless: {name} by apply")

    def nft(which):
        live.expect(live.nft("-f", files[which]), 0, f"hitless: {name} by nft -f")

    for how, count in (apply, reloads), (nft, 4 * reloads):
        live.nft("delete", "table", "inet", "firebreak")
        took, traffic = reload_under_traffic(sender, flow_file, how, count)
        print(f"hitless   {name:8} {count:3} reloads by {how.__name__:5} of {took:.2f} s: "
              f"{traffic}", flush=True)
        if how is apply and (traffic.lost or traffic.passed or
                             not traffic.allowed or not traffic.refused):
            live.fail(f"hitless: {name}: {traffic}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reloads", type=int, default=2, help="of each shape, by apply")
    parser.add_argument("shapes", nargs="*", metavar="SHAPE",
                        help=", ".join(s.__name__ for s in SHAPES))
    arguments = parser.parse_args()
    run.get_namespaces()
    sender = machine.Machine("sender")
    live.skip_namespace()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        wire(sender)
        for shape in SHAPES:
            if not arguments.shapes or shape.__name__ in arguments.shapes:
                try_shape(pathlib.Path(directory), sender, shape, arguments.reloads)
    sender.end()
    print(f"hitless   took {time.monotonic() - began:.0f} s", flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

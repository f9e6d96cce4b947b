#!/usr/bin/env python3
"""What our rulesets cost a packet, beside no ruleset and beside what others would write.

Nanoseconds a packet, the least of some rounds, from one network namespace to another on
one CPU, with the ratio to the same path without any rule:

  hot      of a connection that is established
  new      opens one that is allowed (it is stopped behind the rules, so that the
           next one is new again)
  refused  is not allowed

`nothing` has no table at all, `empty` a chain without rules, `tracked` only `ct state
established accept`.  Beside each of ours the same in the shapes of others:

  lines    one rule a line, behind what any host needs
  nft -o   these, as `nft -o` merges them
  one set  one set of concatenated ranges for all

and what loading takes by `firebreak apply --times` and by `nft -f` of the same ruleset,
with the growth from one size to the next.  Slow is no failure.  Needs root, or a user
namespace.
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

import live                             # noqa: E402
import paths                            # noqa: E402
import rules                            # noqa: E402
import run                              # noqa: E402

HOT, MANY = 8, 512
PATIENCE = 120          # seconds, for others to load
LATE = """table inet late {
  chain input { type filter hook input priority 100; policy drop; }
}
"""
EMPTY = "table inet empty { chain input { type filter hook input priority 0; policy accept; }; }"
TRACKED = """table inet tracked {
  chain input { type filter hook input priority 0; policy accept;
    ct state established,related accept
  }
}
"""


# ---- rules ------------------------------------------------------------------

def hashes(i):
    """Far ends and ports of the I-th rule, all of UDP to one address."""
    return (rules.FIRST + 2 * i,) * 2, True, (1024 + i % 5000,) * 2


def ranges(i):
    low = 1000 * (1 + i % 50)
    return (rules.FIRST + 2 * i, rules.FIRST + 2 * i + 1), False, (low, low + 99)


def prefixes(i):
    return (rules.FIRST + 2 * i, rules.FIRST + 2 * i + 1), False, (4 * (i % 50) + 500,) * 2


SHAPES = {"hashes": hashes, "ranges": ranges, "prefixes": prefixes}
APP = 5


def make(shape, count, family):
    """Rules of the form of tests/kernel/rules.py."""
    for i in range(count):
        far, single, ports = shape(i)
        yield rules.Rule([far], [(APP, APP)], True if single else False,
                         ("udp", *ports), ("in",), (family,))


def far_text(rule, family):
    first, last = (rules.address(family, n)
                   for n in rules.span(rules.FAR, family, *rule.far[0], rule.single))
    return str(first) if first == last else f"{first}-{last}"


def ports_text(rule):
    _, low, high = rule.service
    return f"{low}-{high}" if high > low else low


def base_of(ours):
    """What our chain has in front of the policy, and any host's has to have."""
    chain = ours.read_text(encoding="ascii").partition("chain input {\n")[2].partition("\t}\n")[0]
    lines = chain.splitlines(keepends=True)
    return "".join(lines[:max(i for i, text in enumerate(lines) if "DHCPv6" in text) + 1])


def write_lines(path, made, family, base):
    """The same, one rule a line, as one would by hand."""
    ip = "ip6" if family == 6 else "ip"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"table inet others {{\n chain input {{\n{base}")
        for rule in made:
            file.write(f"  {ip} saddr {far_text(rule, family)} udp dport {ports_text(rule)} "
                       "accept\n")
        file.write(" }\n}\n")


def write_one_set(path, made, family, base):
    ip, type_ = ("ip6", "ipv6_addr") if family == 6 else ("ip", "ipv4_addr")
    elements = ",\n".join(f"{far_text(r, family)} . udp . {ports_text(r)}" for r in made)
    path.write_text(f"""table inet others {{
 set allowed {{
  type {type_} . inet_proto . inet_service; flags interval
  elements = {{ {elements} }}
 }}
 chain input {{
{base}  {ip} saddr . meta l4proto . th dport @allowed accept
 }}
}}
""", encoding="ascii")


# ---- packets ----------------------------------------------------------------

def write_flows(path, shape, count, family, kind):
    app = rules.address(family, rules.span(rules.APP, family, APP, APP, True)[0])
    flows = []
    for k in range(HOT if kind == "hot" else MANY):
        far, single, (low, high) = shape(k * 7919 % count)
        source, _ = rules.span(rules.FAR, family, *far, single)
        port = high + 1 if kind == "refused" else low
        flows.append(f"{rules.address(family, source)} {20000 + k} {app} {port}\n")
    path.write_text("".join(flows), encoding="ascii")


class Path:
    """From far to here."""

    def __init__(self, row, work):
        self.row, self.work = row, work
        self.tool = os.environ.get("PACKETS", str(ROOT / "build/tests/bench/packets"))

    def cost(self, shape, count, family, kind):
        flows = self.work / "flows"
        write_flows(flows, shape, count, family, kind)
        if kind != "hot":
            live.nft("-f", "-", stdin=LATE)
        done = subprocess.run([self.tool, str(self.row.far.pid), str(flows),
                               *(["answer"] if kind == "hot" else [])],
                              capture_output=True, text=True, check=False)
        if kind != "hot":
            live.nft("delete", "table", "inet", "late")
        if done.returncode:
            sys.exit(f"FAIL {shape.__name__} {count} {kind}: {done.stderr}")
        return int(done.stdout.split()[0])

    def costs(self, shape, count, family):
        return [self.cost(shape, count, family, kind) for kind in ("hot", "new", "refused")]


def line(what, costs, before, extra=""):
    cells = "  ".join(f"{cost:8} {cost / base:7.2f}" for cost, base in zip(costs, before))
    print(f"  {what:18} {cells}  {extra}", flush=True)


def alone(path, ruleset, *what):
    """With RULESET and nothing else."""
    live.nft("-f", "-", stdin=ruleset)
    costs = path.costs(*what)
    live.nft("flush", "ruleset")
    return costs


# ---- loading ----------------------------------------------------------------

def load(path, *options):
    """Seconds; negative when it is not loaded in time."""
    began = time.monotonic()
    try:
        done = subprocess.run(["nft", *options, "-f", str(path)], capture_output=True, text=True,
                              timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return -1.0
    if done.returncode:
        sys.exit(f"FAIL nft -f {path}: {done.stderr[:300]}")
    return time.monotonic() - began


def steps_of(told):
    return {name: float(ms) / 1000 for name, ms in
            re.findall(r"([a-z][a-z ]*) ([0-9.]+) ms", told.partition("took: ")[2])}


class Loading:
    """Ours, by `apply` and by `nft -f`: the best of three, in turns."""

    def __init__(self, policy, out):
        self.ours, self.all, self.nft = [], [], []
        for _ in range(3):
            live.nft("flush", "ruleset")
            done = live.firebreak("apply", policy, "prod.app", "--times")
            live.expect(done, 0, "apply")
            steps = steps_of(done.stderr)
            self.ours.append(steps["build"] + steps["send"])
            self.all.append(sum(steps.values()))
            live.nft("flush", "ruleset")
            self.nft.append(load(out / "prod/nft/app.nft"))
        self.ours, self.all, self.nft = min(self.ours), min(self.all), min(self.nft)

    def text(self, before, times):
        """BEFORE is that of a TIMESth of the rules."""
        growth = f"; {times} times the rules take {self.ours / before.ours:.1f} times" \
            if before else ""
        return (f"by apply {self.ours:.4f} s, nft -f {self.nft:.4f} s = "
                f"{self.nft / self.ours:.1f} times that{growth}; apply with proofs {self.all:.2f} s")


def policy_of(path, shape, count, family):
    policy = rules.write_policy(path.work / "p.fbk", list(make(shape, count, family)))
    with policy.open("a", encoding="ascii") as file:
        file.write("nft { inside drop; }\n")     # the others send no answers, either
    live.expect(live.firebreak("compile", policy, "-t", "nft", "-o", path.work / "out"), 0,
                policy.name)
    return policy, path.work / "out"


# ---- all --------------------------------------------------------------------

def try_ours(path, shape, count, family, nothing, packets):
    policy, out = policy_of(path, shape, count, family)
    loading = Loading(policy, out)          # and the last is loaded
    if packets:
        line(f"{count} ours", path.costs(shape, count, family), nothing)
    live.nft("flush", "ruleset")
    return loading


def try_others(path, shape, count, family, nothing, most):
    others = (("lines", write_lines, (), most), ("nft -o", write_lines, ("-o",), most // 10),
              ("one set", write_one_set, (), 10 ** 6))
    file = path.work / "others.nft"
    for name, write, options, limit in others:
        if count > limit:
            continue
        write(file, make(shape, count, family), family,
              base_of(path.work / "out/prod/nft/app.nft"))
        took = load(file, *options)
        if took < 0:
            print(f"  {f'{count} {name}':18} is not loaded in {PATIENCE} s", flush=True)
        else:
            line(f"{count} {name}", path.costs(shape, count, family), nothing,
                 f"loads in {took:.2f} s")
        live.nft("flush", "ruleset")


def try_shape(path, shape, family, arguments):
    what = shape, 1000, family
    print(f"{shape.__name__}, IPv{family}: ns a packet and its ratio to no ruleset\n"
          f"  {'':18} {'hot':>16}  {'new':>16}  {'refused':>16}")
    nothing = path.costs(*what)
    line("nothing", nothing, nothing)
    line("empty", alone(path, EMPTY, *what), nothing)
    line("tracked", alone(path, TRACKED, *what), nothing)
    before, told = None, []
    for i, count in enumerate(arguments.rules):
        loading = try_ours(path, shape, count, family, nothing, not arguments.loads)
        told.append(f"  loading {count:6}  " + loading.text(
            before, count // arguments.rules[i - 1] if i else 1))
        before = loading
        if not arguments.loads and not arguments.ours:
            try_others(path, shape, count, family, nothing, arguments.lines_most)
    print("\n".join(told), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rules", type=int, nargs="*", default=[10, 1000, 10000, 100000])
    parser.add_argument("--lines-most", type=int, default=10000,
                        help="rules of one a line, of which each packet meets each")
    parser.add_argument("--families", type=int, nargs="*", choices=(4, 6), default=[4, 6])
    parser.add_argument("--ours", action="store_true", help="not what others would write")
    parser.add_argument("--loads", action="store_true", help="loading alone")
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=", ".join(SHAPES))
    arguments = parser.parse_args()
    run.get_namespaces()
    row = paths.row()
    live.nft("flush", "ruleset")            # here connections are tracked
    with tempfile.TemporaryDirectory() as directory:
        path = Path(row, pathlib.Path(directory))
        for name in arguments.shapes or SHAPES:
            for family in arguments.families:
                try_shape(path, SHAPES[name], family, arguments)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

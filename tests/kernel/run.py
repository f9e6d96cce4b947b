#!/usr/bin/env python3
"""The emitted nftables rulesets in real kernels, against real packets.

Every ruleset of the example policy is loaded and listed.  Then, for each
environment of hosts.txt, a network of namespaces is built and every flow of
flows.txt, and every flow that follows from it, is tried:

  open     without any ruleset: does what is sent arrive at all?
  both     every machine of a layer with its ruleset
  input    the same, but nothing is stopped on its way out
  output   the same, but nothing is stopped on its way in
  gateway  no ruleset but the router's gateway.nft: what it forwards, and
           from which address it arrives

Needs root, or a user namespace.  Exit: 0 all as written, 1 not, 77 cannot run.
"""

import argparse
import ctypes
import itertools
import json
import multiprocessing.connection
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import table                            # noqa: E402
from machine import Machine, Probe, is_answered    # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHOWN = 12                      # failures of one environment
SETTLE = 0.03                   # seconds, until what was sent has arrived

SYSCTL_ALL = [
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
    ("ipv4/conf/all/accept_redirects", "0"),
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
    ("ipv4/icmp_ratemask", "0"),
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/dad_transmits", "0"),
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv6/conf/default/router_solicitations", "0"),
    # clear of every port that somebody listens on
    ("ipv4/ip_local_port_range", "20000 31999"),
]
SYSCTL_ROUTER = SYSCTL_ALL + [
    ("ipv4/ip_forward", "1"),
    ("ipv6/conf/all/forwarding", "1"),
]

# Written by hand from policies/modyo-connect/customers: what a gateway translates
# to.  The layers' machines, their +out addresses and stray are in the VPC.
NAT = {
    "banco-andino.prod": ("198.51.100.20", "198.51.100.21", "198.51.100.22"),
    "banco-andino.staging": ("198.51.100.24",),
    "caja-sur.prod": ("198.51.100.60", "198.51.100.61"),
    "caja-sur.dev": ("198.51.100.63",),
    "fondo-norte.prod": ("198.51.100.90", "198.51.100.91"),
}
BEYOND_NAT = ("internet", "partners")
BEYOND_VPN = ("core-banking",)          # in clear here: this kernel may lack ESP
AWS_OWN = ("resolver", "metadata", "time")     # each host reaches them by itself

OPEN, BOTH, INPUT, OUTPUT, GATEWAY = "open", "both", "input", "output", "gateway"


class Network:
    """The machines of one environment around one router, nothing filtered yet."""

    def __init__(self, hosts, rulesets):
        self.hosts = hosts
        self.rulesets = rulesets        # layer: path
        self.machines = {}
        self.router = None

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for machine in self.everything():
            machine.end()

    def everything(self):
        return [*self.machines.values(), *([self.router] if self.router else [])]

    def addresses_of(self, name):
        return [a for h in self.hosts.values() if h.machine == name
                for a in h.addresses]

    def layer_of(self, name):
        """None of a machine that is no member of a layer."""
        return next(h.layer for h in self.hosts.values() if h.machine == name)

    def build(self):
        self.router = Machine("router")
        for name in dict.fromkeys(h.machine for h in self.hosts.values()):
            self.machines[name] = Machine(name, self.everything())
        self.router.order("sysctl", SYSCTL_ROUTER)
        for machine in self.machines.values():
            machine.order("sysctl", SYSCTL_ALL)
        self.wire()

    def wire(self):
        links, lines = [], ["link set lo up"]
        for i, (name, machine) in enumerate(self.machines.items()):
            links += [f"link add v{i} type veth peer name eth0 netns {machine.pid}"]
            lines += [f"address add 169.254.0.1/32 dev v{i}",
                      f"address add fe80::1/64 dev v{i} nodad",
                      f"link set v{i} up"]
            lines += [f"route add {a} dev v{i}" for a in self.addresses_of(name)]
        self.router.run(["ip", "-batch", "-"], "\n".join(links))
        for name, machine in self.machines.items():
            own = ["link set lo up"]
            own += [f"address add {a} dev eth0" + (" nodad" if ":" in a else "")
                    for a in self.addresses_of(name)]
            own += ["link set eth0 up",
                    "route add default via 169.254.0.1 dev eth0 onlink",
                    "route add default via fe80::1 dev eth0"]
            machine.run(["ip", "-batch", "-"], "\n".join(own))
        self.router.run(["ip", "-batch", "-"], "\n".join(lines))

    def listen(self, flows):
        values = {kind: sorted({v for _, _, k, v in flows if k.startswith(kind)})
                  for kind in ("tcp", "udp", "proto")}
        for name, machine in self.machines.items():
            machine.order("listen", (self.addresses_of(name), values["tcp"],
                                     values["udp"], values["proto"]))

    def load(self, opened=None):
        """Each member's ruleset; with the chains of the hook OPENED emptied."""
        for name, machine in self.machines.items():
            if self.layer_of(name):
                machine.run(["nft", "-f", str(self.rulesets[self.layer_of(name)])])
                if opened:
                    open_hook(machine, opened)
        # neighbours have to be found again, through the rulesets
        self.router.run(["ip", "neigh", "flush", "all"])

    def unload(self):
        for machine in self.everything():
            machine.run(["nft", "flush", "ruleset"])

    def try_out(self, probes):
        """The ids of those that got through, and of those that did by halves."""
        owner = {a: h.machine for h in self.hosts.values() for a in h.addresses}
        rounds = {False: [], True: []}
        for probe in probes:
            # a protocol without ports has one connection for both directions:
            # each would be the other's reply
            back = (probe.kind.startswith("proto") and
                    owner[probe.source] > owner[probe.destination])
            rounds[back].append(probe)
        through, halves = self.try_round(rounds[False], owner)
        more, more_halves = self.try_round(rounds[True], owner)
        return through | more, halves | more_halves

    def try_round(self, probes, owner):
        for machine in self.everything():
            machine.order("forget")
        by_machine = {name: [] for name in self.machines}
        for probe in probes:
            by_machine[owner[probe.source]].append(probe)
        asked = [m for name, m in self.machines.items() if by_machine[name]]
        for machine in asked:
            machine.tell("probe", by_machine[machine.name])
        answered = set().union(*[m.answer() for m in asked])
        time.sleep(SETTLE)
        arrived = set().union(*[m.order("arrived")
                                for m in self.machines.values()])
        through = {p.id for p in probes
                   if p.id in (answered if is_answered(p) else arrived)}
        return through, arrived - through


def open_hook(machine, hook):
    listing = json.loads(machine.run(["nft", "-j", "list", "chains"]))
    chains = [o["chain"] for o in listing["nftables"] if "chain" in o]
    for chain in chains:
        if chain.get("hook") == hook:
            at = [chain["family"], chain["table"], chain["name"]]
            machine.run(["nft", "flush", "chain", *at])
            machine.run(["nft", "chain", *at, "{ policy accept; }"])


# ---- the passes -------------------------------------------------------------

def is_tried(network, flow, how):
    """Is there somebody in the way of FLOW who has to decide?"""
    source, destination = (network.hosts[name].machine for name in flow[:2])
    leaves, enters = network.layer_of(source), network.layer_of(destination)
    if how == INPUT:
        return enters
    if how == OUTPUT:
        return leaves
    return leaves or enters


def is_forwarded(flow):
    """What comes from a VPN, replies too, has to come through IPsec."""
    return not any(name.startswith(BEYOND_VPN + AWS_OWN) for name in flow[:2])


def wrong_sources(network, environment, probes, through):
    """Complaints about what arrived from another address than it should."""
    seen = {}
    for machine in network.machines.values():
        seen |= machine.order("seen")
    complaints, looked_at = [], 0
    for number in through & seen.keys():
        probe, flow, said = probes[number]
        translated = flow[1] in BEYOND_NAT and probe.kind.endswith("4")
        should = NAT[environment] if translated else (probe.source,)
        looked_at += translated
        if seen[number] not in should:
            complaints.append(complaint(environment, GATEWAY, probe, flow, said,
                                        f"yes, but from {seen[number]}"))
    if not looked_at and any(p.wanted and flow[1] in BEYOND_NAT and
                             p.kind.endswith("4")
                             for p, flow, _ in probes.values()):
        complaints.append(f"FAIL {environment} gateway: nothing was translated")
    return complaints


def probes_of(network, flows, how, ids):
    """Id: (Probe, flow, Said)."""
    probes = {}
    for flow, said in flows.items():
        if not is_tried(network, flow, how):
            continue
        source, destination, kind, value = flow
        for a in table.addresses(network.hosts[source], kind):
            for b in table.addresses(network.hosts[destination], kind):
                number = next(ids)
                wanted = how == OPEN or (said.wanted and
                                         (how != GATEWAY or is_forwarded(flow)))
                probes[number] = (Probe(number, kind, a, b, value, wanted),
                                  flow, said)
    return probes


def complaint(environment, how, probe, flow, said, got):
    wish = "yes" if probe.wanted else "no"
    where = f"flows.txt:{said.line}" if said.line else "flows.txt, nothing said"
    if how == OPEN:
        where = "there is no ruleset"
    return (f"FAIL {environment} {how}: {flow[0]} {probe.source} -> "
            f"{flow[1]} {probe.destination} {probe.kind} {probe.value}: "
            f"{got}, should be {wish} ({where})")


def run_pass(network, environment, flows, how, ids):
    """How many were as they should be, and the complaints about the others."""
    probes = probes_of(network, flows, how, ids)
    through, halves = network.try_out([p for p, _, _ in probes.values()])
    passed, complaints = 0, []
    if how == GATEWAY:
        complaints = wrong_sources(network, environment, probes, through)
    for number, (probe, flow, said) in probes.items():
        in_clear = how == GATEWAY and flow[1].startswith(BEYOND_VPN)
        got = ("yes" if number in through else
               "arrived, but no reply came back"
               if number in halves and not in_clear else "no")
        if got == ("yes" if probe.wanted else "no"):
            passed += 1
        else:
            complaints.append(complaint(environment, how, probe, flow, said, got))
    return passed, complaints


def try_environment(environment, hosts, flows, directory, ids):
    rulesets = {p.stem: p for p in directory.glob("*.nft") if p.stem != "gateway"}
    gateway = directory / "gateway.nft"
    counts, complaints = {}, []
    missing = sorted({h.layer for h in hosts.values() if h.layer} - rulesets.keys())
    if missing:
        return {}, [f"FAIL {environment}: no ruleset for {', '.join(missing)} "
                    f"in {directory}"]
    try:
        with Network(hosts, rulesets) as network:
            network.listen(flows)
            for how in passes(network, gateway):
                counts[how], found = run_pass(network, environment, flows, how, ids)
                complaints += found
    except RuntimeError as error:
        complaints.append(f"FAIL {environment}: {error}")
    return counts, complaints


def passes(network, gateway):
    """Each pass, with everything loaded that it takes."""
    yield OPEN
    network.load()
    yield BOTH
    network.load(opened="output")
    yield INPUT
    network.load(opened="input")
    yield OUTPUT
    network.unload()
    network.router.run(["nft", "-f", str(gateway)])
    for machine in network.machines.values():
        machine.order("seen")           # forget what the other passes saw
    yield GATEWAY


# ---- every file -------------------------------------------------------------

def try_loading(path, capture):
    """
    None, or what is wrong with the file as nft and the kernel see it; what nft
    lists of it as JSON goes to CAPTURE.
    """
    machine = Machine(path.name)
    try:
        machine.run(["nft", "-f", str(path)])
        once = machine.run(["nft", "list", "ruleset"])
        capture.write_text(machine.run(["nft", "-j", "list", "ruleset"]))
        machine.run(["nft", "-f", str(path)])
        twice = machine.run(["nft", "list", "ruleset"])
        machine.run(["nft", "flush", "ruleset"])
        machine.run(["nft", "-f", "-"], once)
    except RuntimeError as error:
        return str(error)
    finally:
        machine.end()
    if "hook input" not in once and "hook forward" not in once:
        return "nothing is hooked in"
    if once != twice:
        return "loaded twice it is another ruleset"
    return None


def part_of(out, path):
    """customer.environment.layer"""
    *space, _, name = path.relative_to(out).with_suffix("").parts
    return ".".join([*space, name])


def try_files(out, captures):
    paths = sorted(out.glob("**/nft/*.nft"))
    complaints = [f"FAIL {path.relative_to(out)}: {wrong}" for path in paths
                  if (wrong := try_loading(path, captures / f"{part_of(out, path)}.json"))]
    if not paths:
        complaints.append(f"FAIL {out}: no rulesets")
    return len(paths) - len(complaints), complaints


# ---- what nft lists as JSON -------------------------------------------------

CHANGED = 1499                  # one in so many changes of a listing is tried


def try_captures(captures, arguments):
    """Each listing proved, and changed here and there: equal to the text?"""
    complaints = []
    paths = sorted(captures.glob("*.json"))
    for path in paths:
        done = subprocess.run(
            [arguments.firebreak, "prove", arguments.policy, path, "--part", path.stem,
             "--as-of", arguments.as_of], capture_output=True, text=True)
        if done.returncode:
            complaints.append(f"FAIL {path.name}: {done.stdout}{done.stderr}")
    mutate = arguments.mutate or str(pathlib.Path(arguments.firebreak).parent /
                                     "tests/prop/test_mutate")
    done = subprocess.run([mutate, "--captures", str(CHANGED), arguments.policy,
                           arguments.as_of, captures], capture_output=True, text=True)
    print(f"{'as JSON':22} {len(paths)} listings, {len(complaints)} not proved; their changes: "
          f"{done.stdout.splitlines()[-2] if done.stdout else done.stderr}", flush=True)
    if done.returncode:
        complaints.append(f"FAIL {mutate}: {done.stdout}{done.stderr}")
    return len(paths), complaints


# ---- the program ------------------------------------------------------------

def skip(why):
    print(f"SKIP tests/kernel: {why}", flush=True)
    print("SKIP NOTHING WAS TESTED against the kernel", flush=True)
    sys.exit(77)


def may_unshare():
    """In a child, for it cannot be undone."""
    pid = os.fork()
    if pid == 0:
        os._exit(ctypes.CDLL(None).unshare(0x40000000) != 0)
    return os.waitpid(pid, 0)[1] == 0


def get_namespaces():
    """Return when namespaces can be had, if need be as another process."""
    for tool in ("nft", "ip"):
        if not shutil.which(tool, path=os.environ["PATH"]):
            skip(f"no {tool}")
    if may_unshare():
        return
    if "FIREBREAK_UNSHARED" not in os.environ and shutil.which("unshare"):
        works = subprocess.run(["unshare", "-Urn", "true"], capture_output=True)
        if works.returncode == 0:
            os.environ["FIREBREAK_UNSHARED"] = "1"
            os.execvp("unshare", ["unshare", "-Urn", sys.executable, *sys.argv])
    skip("not root, and no user namespaces")


def compile_policy(arguments, into):
    command = [arguments.firebreak, "compile", arguments.policy, "-o", into,
               "--as-of", arguments.as_of]
    done = subprocess.run(command, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"FAIL {' '.join(command)}: exit {done.returncode}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--firebreak", default=os.environ.get(
        "FIREBREAK", str(ROOT / "build/firebreak")))
    parser.add_argument("--policy", default=str(ROOT / "policies/modyo-connect"))
    parser.add_argument("--as-of", default="2026-11-01", metavar="DATE")
    parser.add_argument("--out", metavar="DIR",
                        help="try what was compiled there before")
    parser.add_argument("--flows", default=str(HERE / "flows.txt"))
    parser.add_argument("--hosts", default=str(HERE / "hosts.txt"))
    parser.add_argument("--mutate", metavar="PROGRAM",
                        help="test_mutate, if it is not below firebreak")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="every failure, and how long it took")
    parser.add_argument("environments", nargs="*", metavar="CUSTOMER.ENV")
    return parser.parse_args()


def show(complaints, verbose):
    for line in complaints[:None if verbose else SHOWN]:
        print(line)
    if not verbose and len(complaints) > SHOWN:
        print(f"FAIL ... and {len(complaints) - SHOWN} more")


def test(out, arguments):
    hosts = table.read_hosts(arguments.hosts)
    flows = table.read_flows(arguments.flows, hosts)
    ids = itertools.count(1)
    with tempfile.TemporaryDirectory(prefix="firebreak-json-") as captures:
        passed, complaints = try_files(out, pathlib.Path(captures))
        print(f"{'every file':22} {passed} loaded, listed and loaded again, "
              f"{len(complaints)} failed", flush=True)
        listings, unequal = try_captures(pathlib.Path(captures), arguments)
    complaints += unequal
    passed += listings - len(unequal)
    show(complaints, arguments.verbose)
    failed = len(complaints)
    for environment in arguments.environments or hosts:
        began = time.monotonic()
        directory = out.joinpath(*environment.split("."), "nft")
        counts, complaints = try_environment(
            environment, hosts[environment], flows[environment], directory, ids)
        how = " ".join(f"{how} {n}" for how, n in counts.items())
        print(f"{environment:22} {sum(counts.values())} passed, "
              f"{len(complaints)} failed ({how}; "
              f"{time.monotonic() - began:.1f} s)", flush=True)
        show(complaints, arguments.verbose)
        passed += sum(counts.values())
        failed += len(complaints)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    arguments = parse_arguments()
    get_namespaces()
    if arguments.out:
        return test(pathlib.Path(arguments.out), arguments)
    with tempfile.TemporaryDirectory(prefix="firebreak-kernel-") as out:
        compile_policy(arguments, out)
        return test(pathlib.Path(out), arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except table.Wrong as wrong:
        sys.exit(f"FAIL {wrong}")

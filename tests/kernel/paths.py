"""Three network namespaces in a row, and packets on every way between them.

`here` is the one that this process is in, and where rulesets are loaded: between
`far` and `here` packets meet its input and output hooks, between `far` and `near` the
forward hook.  Both peers are whatever address a packet is for, and here is every address
of the app's networks; what comes from far with a mark in its type of service goes on to
near instead.
"""

import os
import pathlib
import re
import subprocess

import live
import machine

WAYS = {"input": [("far", "here")], "output": [("here", "far")],
        "forward": [("far", "near"), ("near", "far")]}

HERE = """link set lo up
link set far up
link set near up
neigh add 169.254.0.2 lladdr 02:00:00:00:00:02 dev far nud permanent
neigh add 169.254.0.3 lladdr 02:00:00:00:00:03 dev near nud permanent
neigh add fe80::2 lladdr 02:00:00:00:00:02 dev far nud permanent
neigh add fe80::3 lladdr 02:00:00:00:00:03 dev near nud permanent
route add default via 169.254.0.2 dev far onlink
route add default via fe80::2 dev far onlink
"""
# a packet that is for near looks there before it looks at what is local
HERE_RULES = """rule add pref 5 iif far tos 0x10 lookup 100
rule add pref 10 lookup local
rule del pref 0
"""
HERE_4 = """route add local 10.1.0.0/24 dev lo
route add default via 169.254.0.3 dev near onlink table 100
"""
HERE_6 = """route add local 2001:db8:1::/60 dev lo
route add default via fe80::3 dev near onlink table 100
"""
PEER = """link set lo up
link set here up
neigh add 169.254.0.1 lladdr 02:00:00:00:00:{mac} dev here nud permanent
neigh add fe80::1 lladdr 02:00:00:00:00:{mac} dev here nud permanent
"""
FAR = """route add 10.1.0.0/24 via 169.254.0.1 dev here onlink
route add 2001:db8:1::/60 via fe80::1 dev here onlink
"""
NEAR = """route add 10.2.0.0/15 via 169.254.0.1 dev here onlink
route add 10.4.0.0/14 via 169.254.0.1 dev here onlink
route add 2001:db8:2::/48 via fe80::1 dev here onlink
"""
# All else is their own; after the routes, whose next hops must not be.
ALL_ELSE = """route add local 0.0.0.0/0 dev lo table main
route add local ::/0 dev lo table main
"""
# Every packet is to meet the rules themselves, and not a connection that one
# before it has opened; and there is no room for so many.
NOT_TRACKED = """table inet traffic {
  chain enters { type filter hook prerouting priority raw; notrack; }
  chain leaves { type filter hook output priority raw; notrack; }
}
"""


class Row:
    """The peers far and near of this namespace, which has to be a new one."""

    def __init__(self, far, near):
        self.far, self.near = far, near
        for peer, name, own, other in ((far, "far", "01", "02"), (near, "near", "04", "03")):
            subprocess.run(["ip", "link", "add", name, "address", f"02:00:00:00:00:{own}",
                            "type", "veth", "peer", "name", "here", "address",
                            f"02:00:00:00:00:{other}", "netns", str(peer.pid)], check=True)
            peer.run(["ip", "-batch", "-"], PEER.format(mac=own))
        self.ip(HERE)
        for family, routes in (("-4", HERE_4), ("-6", HERE_6)):
            self.ip(HERE_RULES, family)
            self.ip(routes, family)
        far.run(["ip", "-batch", "-"], FAR + ALL_ELSE)
        near.run(["ip", "-batch", "-"], NEAR + ALL_ELSE)
        for name, value in (("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1"),
                            ("ipv4/conf/all/rp_filter", "0"), ("ipv4/conf/far/rp_filter", "0"),
                            ("ipv4/conf/near/rp_filter", "0"),
                            ("ipv4/conf/near/accept_local", "1")):
            pathlib.Path("/proc/sys/net", name).write_text(value)
        for peer in (far, near):
            peer.order("sysctl", [("ipv4/conf/all/rp_filter", "0"),
                                  ("ipv4/conf/here/rp_filter", "0")])

    @staticmethod
    def ip(lines, *family):
        subprocess.run(["ip", *family, "-batch", "-"], input=lines, text=True, check=True)


def row():
    """A namespace of our own, its peers, and no tracking of what is between them."""
    peers = [machine.Machine("far")]
    peers.append(machine.Machine("near", peers))
    live.skip_namespace()
    made = Row(*peers)
    forget_tables()
    return made


def forget_tables():
    """No ruleset of anybody's is left."""
    live.nft("flush", "ruleset")
    if live.nft("-f", "-", stdin=NOT_TRACKED).returncode:
        raise RuntimeError("no notrack")


class Traffic:
    """Running from `with` on, with the flows of a file; then .counts and .sums."""

    def __init__(self, row, path, count=0):
        tool = os.environ.get("TRAFFIC", str(live.ROOT / "build/tests/kernel/traffic"))
        self.command = [tool, str(row.far.pid), str(row.near.pid), str(path), str(count)]
        self.counts = {}        # (from, to, family): [allowed, lost, refused, passed]

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
        for line in out.splitlines():
            numbers = [int(n) for n in re.findall(r"\d+", line)]
            if line.startswith("unsent"):
                self.unsent, self.unsure = numbers
            else:
                a, b, _ = line.split(" ", 2)
                self.counts[a, b, numbers[0]] = numbers[1:]

    def of(self, hook, family):
        """[allowed, lost, refused, passed] of one hook."""
        found = [self.counts[way + (family,)] for way in WAYS[hook]
                 if way + (family,) in self.counts]
        return [sum(column) for column in zip(*found)] if found else [0, 0, 0, 0]

    @property
    def sums(self):
        return [sum(column) for column in zip(*self.counts.values())]

    def complaints(self):
        """What is wrong with it, if nothing may be lost and nothing may pass."""
        for (a, b, family), (allowed, lost, refused, passed) in self.counts.items():
            if lost or passed:
                yield (f"IPv{family} from {a} to {b}: lost {lost} of {allowed}, passed {passed} "
                       f"of {refused}")
        counted = sum(self.sums[0::2])
        if 100 * (self.unsent + self.unsure) > counted:
            yield (f"{counted} packets, but {self.unsent} were not sent and of {self.unsure} "
                   "nobody can be sure")

#!/usr/bin/env python3
"""A gateway that translates and forwards, between real hosts with real connections.

  nat        each half of the VPC has an address of its own on the internet, and keeps
             it, from connection to connection and from reload to reload; replies come
             back; IPv6 is not translated
  errors     "too big" from a router beyond comes back to who has to know it, translated
             if need be; one that belongs to no connection does not
  fragments  datagrams larger than any link arrive whole, both ways, when they are
             allowed, and no part of them when they are not
  reload     connections live on while rulesets are loaded one behind the other
  vpn        what comes in clear from beyond a VPN is dropped, the answer to a
             connection of our own, too

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import contextlib
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True          # nothing is left in the source tree

import flows                            # noqa: E402
import live                             # noqa: E402
import machine                          # noqa: E402
import run                              # noqa: E402

POLICY = """language 1; policy gateway; environments prod;
layer app; layer batch;
network core via vpn;
environment prod {{
  vpc 10.1.0.0/16, 2001:db8:1::/56; nat 198.51.100.20, 198.51.100.22;
  layer app 10.1.0.0/24, 2001:db8:1::/64; layer batch 10.1.200.0/24;
  network core 172.20.5.0/28;
}}
web: allow app, batch -> internet on tcp/443, udp/5000;
core: allow app -> core on tcp/8443;
{more}
"""
MORE = "".join(f"m{i}: allow internet -> app on tcp/{9000 + 2 * i};\n" for i in range(200))
# by hand: the first half of the VPC has the first address, the second the second
FAR4, FAR6, CORE = "8.8.4.4", "2606:4700:4700::1111", "172.20.5.1"
HOSTS = {"10.1.0.5": "198.51.100.20", "10.1.200.7": "198.51.100.22",
         "2001:db8:1::5": "2001:db8:1::5"}
NARROW = 1300           # the last link
ROUTER4, ROUTER6 = "203.0.113.200", "2606:4700:ffff::1"
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14
IPV6_MTU_DISCOVER, IPV6_MTU = 23, 24
PATIENCE = 2.0
GLANCE = 0.3
RELOADS = 6

HERE = """link set lo up
link set in up
link set out up
address add 169.254.1.1/32 dev in
address add 169.254.2.1/32 dev out
address add fe80::1/64 dev in nodad
address add fe80::1/64 dev out nodad
route add 10.1.0.0/16 dev in
route add 2001:db8:1::/56 dev in
route add default via 169.254.2.2 dev out onlink
route add default via fe80::2 dev out onlink
"""
INSIDE = """link set lo up
link set here up
address add 10.1.0.5/32 dev here
address add 10.1.200.7/32 dev here
address add 2001:db8:1::5/128 dev here nodad
route add default via 169.254.1.1 dev here onlink
route add default via fe80::1 dev here onlink
"""
ROUTER = f"""link set lo up
link set here up
link set out mtu {NARROW}
link set out up
address add {ROUTER4}/32 dev here
address add {ROUTER6}/128 dev here nodad
address add 169.254.2.2/32 dev here
address add fe80::2/64 dev here nodad
address add fe80::1/64 dev out nodad
route add 198.51.100.0/24 via 169.254.2.1 dev here onlink
route add 10.1.0.0/16 via 169.254.2.1 dev here onlink
route add 2001:db8:1::/56 via fe80::1 dev here onlink
route add {FAR4} dev out
route add {CORE} dev out
route add {FAR6} dev out
"""
OUTSIDE = f"""link set lo up
link set here mtu {NARROW}
link set here up
address add {FAR4}/32 dev here
address add {CORE}/32 dev here
address add {FAR6}/128 dev here nodad
route add default via {ROUTER4} dev here onlink
route add default via fe80::1 dev here onlink
"""
FORWARDING = (("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1"),
              ("ipv4/conf/all/rp_filter", "0"), ("ipv4/icmp_ratemask", "0"))


def wire(inside, router, outside):
    """inside - here - router - outside, the last link a narrow one."""
    def link(name, peer, *, of=None):
        words = ["ip", "link", "add", name, "type", "veth", "peer", "name", "here", "netns",
                 str(peer.pid)]
        of.run(words) if of else subprocess.run(words, check=True)

    link("in", inside)
    link("out", router)
    link("out", outside, of=router)
    for peer, lines in ((inside, INSIDE), (router, ROUTER), (outside, OUTSIDE)):
        peer.run(["ip", "-batch", "-"], lines)
    subprocess.run(["ip", "-batch", "-"], input=HERE, text=True, check=True)
    for name, value in FORWARDING:
        pathlib.Path("/proc/sys/net", name).write_text(value)
    router.order("sysctl", FORWARDING)


def apply(policy):
    live.expect(live.firebreak("apply", policy, "prod.gateway"), 0, "gateway: apply")


def far_of(source):
    return FAR6 if ":" in source else FAR4


@contextlib.contextmanager
def udp(pid, source, port=0):
    with flows.at(pid):
        sock = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET,
                             socket.SOCK_DGRAM)
        sock.bind((source, port))
    sock.settimeout(PATIENCE)
    with sock:
        yield sock


# ---- nat --------------------------------------------------------------------

def try_nat(net, policy):
    for _ in range(2):
        for source, seen in HOSTS.items():
            for _ in range(3):
                c = flows.Connection("tcp", net.inside, source, far_of(source), 443, net.outside)
                if (name := c.server.getpeername()[0]) != seen:
                    live.fail(f"gateway: nat: {source} comes as {name}, should be {seen}")
                if not c.is_alive():
                    live.fail(f"gateway: nat: {source}: no byte there and back")
                c.close()
        apply(policy)
    return f"{len(HOSTS)} hosts, 6 connections each, from the address that they should have"


# ---- fragments --------------------------------------------------------------

def try_fragments(net, _):
    whole = 0
    for source, seen in HOSTS.items():
        with udp(net.inside, source) as client, udp(net.outside, far_of(source), 5000) as server, \
                udp(net.outside, far_of(source), 5001) as refused:
            for size in (1, 3000, 20000):
                data = os.urandom(size)
                client.sendto(data, (far_of(source), 5001))
                client.sendto(data, (far_of(source), 5000))
                try:
                    got, peer = server.recvfrom(65536)
                    server.sendto(got, peer)
                    back, _ = client.recvfrom(65536)
                except TimeoutError:
                    live.fail(f"gateway: fragments: {source}: {size} bytes do not arrive")
                    continue
                if got != data or back != data or peer[0] != seen:
                    live.fail(f"gateway: fragments: {source}: {size} bytes: {len(got)} from "
                              f"{peer[0]}, {len(back)} back")
                whole += 1
            refused.settimeout(GLANCE)
            with contextlib.suppress(TimeoutError):
                refused.recvfrom(65536)
                live.fail(f"gateway: fragments: {source}: a refused one arrives")
    return f"{whole} datagrams of up to 20,000 bytes there and back, refused ones not"


# ---- errors -----------------------------------------------------------------

def learns(sock, six):
    """Does SOCK hear of the narrow link when it sends 1,400 bytes?"""
    for _ in range(20):
        try:
            sock.send(b"x" * 1400)
        except OSError:
            break
        with contextlib.suppress(OSError):
            sock.settimeout(0.05)
            sock.recv(1)
    return sock.getsockopt(*((socket.IPPROTO_IPV6, IPV6_MTU) if six
                             else (socket.IPPROTO_IP, IP_MTU)))


def try_errors(net, _):
    for source in HOSTS:
        six = ":" in source
        with udp(net.inside, source) as client:
            client.setsockopt(*((socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER) if six else
                                (socket.IPPROTO_IP, IP_MTU_DISCOVER)), IP_PMTUDISC_DO)
            client.connect((far_of(source), 5000))
            if (mtu := learns(client, six)) != NARROW:
                live.fail(f"gateway: errors: {source} knows of an MTU of {mtu}")
    try_foreign_errors(net)
    return f"{len(HOSTS)} hosts learn the MTU of a link beyond, and nobody anything forged"


def try_foreign_errors(net):
    """An error about a connection that there is not, from where real ones come from."""
    quoted = (struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0,
                          socket.inet_aton("10.1.0.5"), socket.inet_aton(FAR4)) +
              struct.pack("!HHHH", 1234, 5000, 8, 0))
    head = struct.pack("!BBHI", 3, 4, 0, NARROW)
    error = struct.pack("!BBHI", 3, 4, machine.checksum(head + quoted), NARROW) + quoted
    with flows.at(net.router):
        sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with flows.at(net.inside):
        taker = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with sender, taker:
        taker.settimeout(GLANCE)
        sender.sendto(error, ("10.1.0.5", 0))
        with contextlib.suppress(TimeoutError):
            taker.recv(1500)
            live.fail("gateway: errors: one that belongs to no connection arrives")
        # and it is the gateway that stops it
        live.nft("flush", "ruleset")
        sender.sendto(error, ("10.1.0.5", 0))
        try:
            taker.recv(1500)
        except TimeoutError:
            live.fail("gateway: errors: a forged one arrives nowhere, ruleset or not")
    apply(net.policy)


# ---- reload -----------------------------------------------------------------

def try_reload(net, policy):
    connections = [flows.Connection("tcp", net.inside, source, far_of(source), 443, net.outside)
                   for source in HOSTS]
    stop, bytes_through, dead = threading.Event(), [0], []

    def talk():
        while not stop.is_set():
            for c in connections:
                if not c.is_alive():
                    dead.append(str(c))
                bytes_through[0] += 2

    talker = threading.Thread(target=talk)
    talker.start()
    for i in range(RELOADS):
        apply(net.other if i % 2 == 0 else policy)
    stop.set()
    talker.join()
    for c in connections:
        c.close()
    if dead or not bytes_through[0]:
        live.fail(f"gateway: reload: {bytes_through[0]} bytes, dead: {dead[:3]}")
    return f"{RELOADS} reloads, {bytes_through[0]} bytes of {len(connections)} connections, all through"


# ---- vpn --------------------------------------------------------------------

def answers(net, source):
    with flows.at(net.outside):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((CORE, 8443))
        listener.listen()
    with flows.at(net.inside):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.bind((source, 0))
    with listener, client:
        client.settimeout(GLANCE)
        try:
            client.connect((CORE, 8443))
        except TimeoutError:
            return False
        return True


def try_vpn(net, policy):
    if answers(net, "10.1.0.5"):
        live.fail("gateway: vpn: an answer in clear arrives")
    live.nft("flush", "ruleset")
    if not answers(net, "10.1.0.5"):
        live.fail("gateway: vpn: nothing answers, ruleset or not")
    apply(policy)
    can = subprocess.run(["ip", "xfrm", "state", "add", "src", "192.0.2.1", "dst", "192.0.2.2",
                          "proto", "esp", "spi", "1", "mode", "tunnel", "enc", "ecb(cipher_null)",
                          ""], capture_output=True, text=True)
    if can.returncode:
        print(f"SKIP gateway: no ESP in this kernel ({can.stderr.strip().splitlines()[-1]}): what "
              "comes through IPsec is not tried, what comes in clear is", flush=True)
    return "what should come through IPsec does not in clear"


# errors first: of IPv6, who sends has to know the narrow link before it sends fragments
TESTS = {"nat": try_nat, "errors": try_errors, "fragments": try_fragments, "reload": try_reload,
         "vpn": try_vpn}


class Net:
    """The pids of the peers, and both policies."""

    def __init__(self, peers, policy, other):
        self.inside, self.router, self.outside = (peer.pid for peer in peers)
        self.policy, self.other = policy, other


def main():
    run.get_namespaces()
    peers = []
    for name in ("inside", "router", "outside"):
        peers.append(machine.Machine(name, peers))
    live.skip_namespace()
    with tempfile.TemporaryDirectory() as directory:
        policy, other = (pathlib.Path(directory, name) for name in ("a.fbk", "b.fbk"))
        policy.write_text(POLICY.format(more=""))
        other.write_text(POLICY.format(more=MORE))
        wire(*peers)
        net = Net(peers, policy, other)
        apply(policy)
        for name in sys.argv[1:] or TESTS:
            what = TESTS[name](net, policy)
            print(f"gateway   {name:9} {what}" if not live.failures else
                  f"gateway   {name:9} failed", flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

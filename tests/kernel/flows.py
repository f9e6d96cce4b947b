#!/usr/bin/env python3
"""Open connections that a new policy does not admit: told by `apply`, and ended
by `apply --flush-conntrack`.

  host      a host with connections of both directions and families, over tcp
            and udp, some of them redirected, some to itself
  gateway   a router between two networks, with source NAT of ours and
            destination NAT of somebody else's

Which of them a policy admits is written here beside each.  Connections are real:
alive is what carries a byte there and back.

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import contextlib
import ctypes
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import live                             # noqa: E402
import machine                          # noqa: E402
import run                              # noqa: E402

libc = ctypes.CDLL(None, use_errno=True)
PATIENCE = 0.4          # seconds, for a byte that may not come


# ---- connections ------------------------------------------------------------

@contextlib.contextmanager
def at(pid):
    """Sockets that are made meanwhile are in the network namespace of PID."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if libc.setns(there, machine.CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(here, machine.CLONE_NEWNET)
        os.close(here)
        os.close(there)


class Connection:
    """CLIENT and SERVER are pids; the server may be behind another port and address."""

    def __init__(self, kind, client, source, address, port, server, real=None, stays=True):
        self.stays = stays
        self.where = (kind, source, address, port)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        type_ = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        real = real or (address, port)
        with at(server):
            listener = socket.socket(family, type_)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(real)
        with at(client):
            self.client = socket.socket(family, type_)
            self.client.bind((source, 0))
        listener.settimeout(2)
        self.client.settimeout(2)
        if kind == "tcp":
            listener.listen()
            self.client.connect((address, port))
            self.server, _ = listener.accept()
            listener.close()
        else:
            self.client.connect((address, port))
            self.client.send(b"?")
            _, peer = listener.recvfrom(1)
            listener.connect(peer)
            self.server = listener
        self.port = self.client.getsockname()[1]

    def is_alive(self):
        try:
            for sender, receiver in ((self.client, self.server), (self.server, self.client)):
                receiver.settimeout(PATIENCE)
                sender.send(b"x")
                if receiver.recv(1) != b"x":
                    return False
        except OSError:
            return False
        return True

    def __str__(self):
        kind, source, address, port = self.where
        return f"{kind} {source} port {self.port} -> {address} port {port}"

    def close(self):
        self.client.close()
        self.server.close()


def expect_alive(connections, what, ended=False):
    for c in connections:
        alive = c.is_alive()
        if alive != (c.stays or not ended):
            live.fail(f"flows: {what}: {c} is {'alive' if alive else 'dead'}")


def told(done):
    """The connections that APPLY's messages name, without what they were translated to."""
    return sorted(re.sub(r"^note: *|, translated to .*$", "", line).strip()
                  for line in done.stderr.splitlines() if " -> " in line and " port " in line)


def expect_told(done, connections, what):
    should = sorted(str(c) for c in connections if not c.stays)
    if told(done) != should or ("P0614" in done.stderr) != bool(should):
        live.fail(f"flows: {what}: told {told(done)}, should be {should}\n{done.stderr[-500:]}")


# ---- a policy that takes something back ---------------------------------------

def try_part(before, after, part, connect):
    """CONNECT opens what BEFORE admits; AFTER is loaded over it."""
    def apply(path, what, *options, stdin=None):
        done = live.firebreak("apply", path, part, *options, input=stdin)
        live.expect(done, 0, f"flows: {part}: {what}")
        return done

    expect_told(apply(before, "before"), [], f"{part}: nothing is open")
    connections = connect()
    expect_alive(connections, f"{part}: before")
    expect_told(apply(before, "again"), [], f"{part}: all is admitted")
    done = apply(after, "dry run", "--dry-run", "--flush-conntrack")
    expect_told(done, connections, f"{part}: dry run")
    live.expect(live.firebreak("prove", before, "--live"), 0, f"flows: {part}: a dry run")
    expect_told(apply(after, "no flag"), connections, f"{part}: no flag")
    expect_alive(connections, f"{part}: what is established goes on")
    apply(before, "back")
    done = live.firebreak("apply", after, part, "--flush-conntrack", "--confirm", "20s",
                          input="no\n")
    live.expect(done, 1, f"flows: {part}: not confirmed")
    expect_alive(connections, f"{part}: not confirmed")
    done = apply(after, "flag", "--flush-conntrack")
    expect_told(done, connections, f"{part}: flag")
    expect_alive(connections, f"{part}: flag", ended=True)
    stay = [c for c in connections if c.stays]
    expect_told(apply(after, "afterwards"), stay, f"{part}: afterwards")
    for c in connections:
        c.close()
    return connections


def confirm(before, after, part, connect):
    """Confirmed: ended then, and not before."""
    live.expect(live.firebreak("apply", before, part), 0, "flows: confirm: before")
    connections = connect()
    done = live.firebreak("apply", after, part, "--flush-conntrack", "--confirm", "20s",
                          input="yes\n")
    live.expect(done, 0, "flows: confirmed")
    expect_told(done, connections, "confirmed")
    if f"ended: {sum(not c.stays for c in connections)}\n" not in done.stderr:
        live.fail(f"flows: confirmed: {done.stderr[-300:]}")
    expect_alive(connections, "confirmed", ended=True)
    for c in connections:
        c.close()


# ---- a host -------------------------------------------------------------------

HOST = """language 1; policy flows; environments prod;
layer app; layer far;
environment prod {
  vpc 10.0.0.0/8, 2001:db8::/56;
  layer app 10.1.0.5, 2001:db8::5;
  layer far 10.2.0.0/16, 2001:db8:0:1::/64;
}
web: allow far -> app on tcp/80;
hook: allow app -> far on tcp/443, udp/123;
"""
HOST_MORE = """db: allow far -> app on tcp/5432, udp/53;
old: allow app -> far on tcp/8443;
"""
REDIRECT = """table ip others {
  chain in { type nat hook prerouting priority dstnat; tcp dport { 9998, 9999 } redirect to \
tcp dport map { 9998 : 80, 9999 : 5432 }; }
}
"""


def wire_host(far):
    subprocess.run(["ip", "link", "add", "here", "type", "veth", "peer", "name", "there",
                    "netns", str(far.pid)], check=True)
    subprocess.run(["ip", "-batch", "-"], text=True, check=True, input="""link set lo up
link set here up
address add 10.1.0.5/32 dev here
address add 2001:db8::5/128 dev here nodad
route add 10.2.0.0/16 dev here src 10.1.0.5
route add 2001:db8:0:1::/64 dev here src 2001:db8::5
""")
    far.run(["ip", "-batch", "-"], """link set lo up
link set there up
address add 10.2.0.9/32 dev there
address add 2001:db8:0:1::9/128 dev there nodad
route add 10.1.0.5/32 dev there src 10.2.0.9
route add 2001:db8::5/128 dev there src 2001:db8:0:1::9
""")


def host_connections(far):
    here, there = os.getpid(), far.pid
    app4, far4, app6, far6 = "10.1.0.5", "10.2.0.9", "2001:db8::5", "2001:db8:0:1::9"
    return [
        Connection("tcp", there, far4, app4, 80, here),
        Connection("tcp", there, far4, app4, 5432, here, stays=False),
        Connection("tcp", there, far6, app6, 80, here),
        Connection("tcp", there, far6, app6, 5432, here, stays=False),
        Connection("udp", there, far4, app4, 53, here, stays=False),
        Connection("tcp", here, app4, far4, 443, there),
        Connection("tcp", here, app4, far4, 8443, there, stays=False),
        Connection("tcp", here, app6, far6, 8443, there, stays=False),
        Connection("udp", here, app4, far4, 123, there),
        # by the port that the filter meets, whatever was asked for
        Connection("tcp", there, far4, app4, 9998, here, real=(app4, 80)),
        Connection("tcp", there, far4, app4, 9999, here, real=(app4, 5432), stays=False),
        # loopback is nobody's business
        Connection("tcp", here, app4, app4, 7777, here),
    ]


def try_host(work, far):
    before, after = work / "host-before.fbk", work / "host-after.fbk"
    before.write_text(HOST + HOST_MORE)
    after.write_text(HOST)
    wire_host(far)
    if live.nft("-f", "-", stdin=REDIRECT).returncode:
        raise RuntimeError("no redirect")
    connections = try_part(before, after, "prod.app", lambda: host_connections(far))
    confirm(before, after, "prod.app", lambda: host_connections(far))
    return connections


# ---- a gateway ------------------------------------------------------------------

GATEWAY = """language 1; policy flows; environments prod;
layer app; layer far;
environment prod {
  vpc 10.0.0.0/8; nat 198.51.100.20;
  layer app 10.1.0.5; layer far 10.2.0.0/16;
}
web: allow app -> internet on tcp/443;
in: allow internet -> app on tcp/80;
"""
GATEWAY_MORE = """old: allow app -> internet on tcp/8443;
ssh: allow internet -> app on tcp/22;
"""
OTHERS_NAT = """table ip others {
  chain in { type nat hook prerouting priority dstnat;
    ip daddr 198.51.100.20 tcp dport { 2222, 8080 } dnat to 10.1.0.5 : tcp dport map \
{ 2222 : 22, 8080 : 80 }; }
}
"""


def wire_gateway(inside, outside):
    for peer, name in ((inside, "in"), (outside, "out")):
        subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", "there",
                        "netns", str(peer.pid)], check=True)
    subprocess.run(["ip", "-batch", "-"], text=True, check=True, input="""link set in up
link set out up
address add 169.254.0.1/32 dev in
address add 169.254.0.2/32 dev out
address add 198.51.100.20/32 dev out
route add 10.1.0.5/32 dev in
route add 8.8.4.4/32 dev out
""")
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    for peer, own, via in ((inside, "10.1.0.5", "169.254.0.1"),
                           (outside, "8.8.4.4", "169.254.0.2")):
        peer.run(["ip", "-batch", "-"], f"""link set lo up
link set there up
address add {own}/32 dev there
route add default via {via} dev there onlink src {own}
""")


def gateway_connections(inside, outside):
    app, far, public = "10.1.0.5", "8.8.4.4", "198.51.100.20"
    return [
        Connection("tcp", inside.pid, app, far, 443, outside.pid),
        Connection("tcp", inside.pid, app, far, 8443, outside.pid, stays=False),
        # for the forward hook these go to the layer, not to the router
        Connection("tcp", outside.pid, far, public, 8080, inside.pid, real=(app, 80)),
        Connection("tcp", outside.pid, far, public, 2222, inside.pid, real=(app, 22),
                   stays=False),
    ]


def try_gateway(work, inside, outside):
    before, after = work / "gateway-before.fbk", work / "gateway-after.fbk"
    before.write_text(GATEWAY + GATEWAY_MORE)
    after.write_text(GATEWAY)
    live.skip_namespace()               # where nothing is tracked yet
    wire_gateway(inside, outside)
    if live.nft("-f", "-", stdin=OTHERS_NAT).returncode:
        raise RuntimeError("no destination NAT")
    connections = try_part(before, after, "prod.gateway",
                           lambda: gateway_connections(inside, outside))
    return connections


def main():
    run.get_namespaces()
    peers = []
    for name in ("far", "inside", "outside"):
        peers.append(machine.Machine(name, peers))
    live.skip_namespace()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        for name, connections in (("host", try_host(work, peers[0])),
                                  ("gateway", try_gateway(work, *peers[1:]))):
            ends = sum(not c.stays for c in connections)
            print(f"flows     {name:8} {ends} of {len(connections)} told and ended, the others "
                  "live on" if not live.failures else "flows     failed", flush=True)
    for peer in peers:
        peer.end()
    print(f"flows     took {time.monotonic() - began:.0f} s", flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

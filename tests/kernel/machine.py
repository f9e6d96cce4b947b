"""A machine of the test network: a process in a network namespace of its own.

It answers on every port it is told to, sends the probes it is told to, and
says which arrived.  The namespace dies with the process, and the process with
the test, so there is nothing to clean up.

A probe is (id, kind, source, destination, value, wanted): kind is one of KINDS,
value a port, an ICMP type or a protocol number.  What came of it is told twice:
the sender says whether an answer came back, the receiver what it has seen; for
the kinds in UNANSWERED only the receiver knows.
"""

import collections
import ctypes
import errno
import multiprocessing.connection
import os
import resource
import selectors
import signal
import socket
import struct
import subprocess
import time

KINDS = ("tcp4", "tcp6", "udp4", "udp6", "icmp4", "icmp6", "proto4", "proto6")

ECHO = {"icmp4": 8, "icmp6": 128}
ECHO_REPLY = {"icmp4": 0, "icmp6": 129}

IN_FLIGHT = 400         # probes of one machine at a time
PATIENCE = 6.0          # seconds, for what should get through
AGAIN = 0.4             # seconds, until a datagram is sent once more
GLANCE = 0.12           # seconds, for what should not

MAGIC = b"firebrk:"         # even, as ICMP's checksum wants it
EVENTS = 512

CLONE_NEWNET = 0x40000000
NETLINK_NETFILTER = 12
CT_DELETE = 1 << 8 | 2          # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE
REQUEST_ACK = 1 | 4
PR_SET_PDEATHSIG = 1
SO_RCVBUFFORCE = 33

libc = ctypes.CDLL(None, use_errno=True)

Probe = collections.namedtuple("Probe", "id kind source destination value wanted")


def family_of(kind):
    return socket.AF_INET6 if kind.endswith("6") else socket.AF_INET


def is_answered(probe):
    """Does the receiving side answer by itself, so that replies are tried too?"""
    if probe.kind.startswith("icmp"):
        return probe.value == ECHO[probe.kind]
    return not probe.kind.startswith("proto")


def payload(number):
    return MAGIC + struct.pack("!I", number)


def number_in(data):
    """The id of the probe that DATA ends in, or None."""
    if data[-len(MAGIC) - 4:-4] != MAGIC:
        return None
    return struct.unpack("!I", data[-4:])[0]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def icmp_packet(probe):
    """The identifier is the probe's, so that no two share a connection."""
    body = struct.pack("!HH", probe.id & 0xffff, probe.id >> 16) + payload(probe.id)
    sum_ = 0                    # of IPv6 the kernel fills it in
    if probe.kind == "icmp4":
        sum_ = checksum(struct.pack("!BBH", probe.value, 0, 0) + body)
    return struct.pack("!BBH", probe.value, 0, sum_) + body


class Inside:
    """What runs in the namespace: one loop over sockets and orders."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.selector = selectors.EpollSelector()
        self.selector.register(pipe, selectors.EVENT_READ, self.on_order)
        self.raw = {}           # (kind or protocol, address): socket
        self.arrived = set()    # ids
        self.seen = {}          # id: from which address
        self.answered = set()
        self.waiting = collections.deque()
        self.flying = {}        # id: [probe, socket or None, deadline, resend]
        self.senders = {}       # of this batch: source address: UDP socket
        self.probing = False

    def serve(self):
        while True:
            timeout = None
            if self.probing:
                self.launch()
                timeout = self.next_deadline()
            for key, _ in self.selector.select(timeout):
                key.data(key.fileobj)
            if self.probing:
                self.expire()

    # ---- orders ---------------------------------------------------------

    def on_order(self, pipe):
        try:
            order, argument = pipe.recv()
        except EOFError:
            os._exit(0)
        answer = getattr(self, "order_" + order)(argument)
        if order != "probe":
            pipe.send(answer)

    def order_run(self, argument):
        command, stdin = argument
        done = subprocess.run(command, input=stdin, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout, done.stderr

    def order_sysctl(self, settings):
        for name, value in settings:
            with open("/proc/sys/net/" + name, "w") as file:
                file.write(value)

    def order_forget(self, _):
        """End every connection that the kernel tracks."""
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                           NETLINK_NETFILTER) as sock:
            sock.send(struct.pack("=IHHIIBBH", 20, CT_DELETE, REQUEST_ACK, 1, 0,
                                  socket.AF_UNSPEC, 0, 0))
            error, = struct.unpack_from("=i", sock.recv(256), 16)
        if error:
            raise OSError(-error, os.strerror(-error))

    def order_listen(self, argument):
        addresses, tcp, udp, protocols = argument
        for port in tcp:
            self.listen_tcp(port)
        for address in addresses:
            six = ":" in address
            for port in udp:
                sock = self.bound(six, socket.SOCK_DGRAM, 0, address, port)
                self.watch(sock, self.on_datagram)
            kind = "icmp6" if six else "icmp4"
            sock = self.bound(six, socket.SOCK_RAW,
                              socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP,
                              address, 0)
            self.raw[kind, address] = sock
            self.watch(sock, self.on_icmp)
            for protocol in protocols:
                sock = self.bound(six, socket.SOCK_RAW, protocol, address, 0)
                self.raw[protocol, address] = sock
                self.watch(sock, self.on_raw)

    def order_probe(self, probes):
        self.answered = set()
        self.waiting = collections.deque(probes)
        self.senders = {}
        self.probing = True

    def order_arrived(self, _):
        """Everything that was sent is in the sockets: take it out first."""
        while events := self.selector.select(0):
            for key, _ in events:
                key.data(key.fileobj)
        arrived, self.arrived = self.arrived, set()
        return arrived

    def order_seen(self, _):
        """The source of each tcp and udp probe, as it was on arrival."""
        seen, self.seen = self.seen, {}
        return seen

    # ---- answering ------------------------------------------------------

    def bound(self, six, type_, protocol, address, port):
        sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
                             type_, protocol)
        sock.setblocking(False)
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind((address, port))
        return sock

    def watch(self, sock, reader):
        self.selector.register(sock, selectors.EVENT_READ, reader)

    def listen_tcp(self, port):
        sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("::", port))
        sock.listen(4096)
        self.watch(sock, self.on_connection)

    def on_connection(self, listener):
        for _ in range(EVENTS):
            try:
                sock, _ = listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            sock.setblocking(False)
            self.watch(sock, self.on_stream)

    def on_stream(self, sock):
        """Send back what came; the other side closes, by a reset."""
        try:
            data = sock.recv(64)
            number = number_in(data)
            if number is not None:
                self.arrived.add(number)
                self.seen[number] = sock.getpeername()[0].removeprefix("::ffff:")
                sock.send(data)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.forget(sock)

    def on_datagram(self, sock):
        for _ in range(EVENTS):
            try:
                data, sender = sock.recvfrom(64)
            except (BlockingIOError, ConnectionError):
                return
            number = number_in(data)
            if number is None:
                continue
            self.arrived.add(number)
            self.seen[number] = sender[0]
            try:
                sock.sendto(data, sender)
            except OSError:
                pass            # an answer that is stopped is missed over there

    def on_icmp(self, sock):
        for _ in range(EVENTS):
            try:
                data = sock.recv(256)
            except (BlockingIOError, ConnectionError):
                return
            kind = "icmp4" if sock.family == socket.AF_INET else "icmp6"
            head = (data[0] & 15) * 4 if kind == "icmp4" else 0
            # right behind the header: an error that a refused probe comes back
            # in has the probe's own header there
            number = number_in(data[head + 8:head + 8 + len(payload(0))])
            if number is None:
                continue
            ours = self.flying.get(number)
            if data[head] == ECHO_REPLY[kind] and ours and is_answered(ours[0]):
                self.land(number, True)
            elif data[head] != ECHO_REPLY[kind] or not ours:
                self.arrived.add(number)

    def on_raw(self, sock):
        for _ in range(EVENTS):
            try:
                number = number_in(sock.recv(256))
            except (BlockingIOError, ConnectionError):
                return
            if number is not None:
                self.arrived.add(number)

    # ---- asking ---------------------------------------------------------

    def launch(self):
        while self.waiting and len(self.flying) < IN_FLIGHT:
            probe = self.waiting.popleft()
            now = time.monotonic()
            wait = GLANCE
            if probe.wanted:
                wait = PATIENCE if is_answered(probe) else 1.5 * AGAIN
            self.flying[probe.id] = [probe, None, now + wait, now + AGAIN]
            if probe.kind.startswith("tcp"):
                self.connect(probe)
            else:
                self.send(probe)
        if not self.waiting and not self.flying:
            self.probing = False
            for sock in self.senders.values():
                self.forget(sock)
            self.pipe.send(self.answered)

    def connect(self, probe):
        sock = socket.socket(family_of(probe.kind), socket.SOCK_STREAM)
        sock.setblocking(False)
        # closing resets: no TIME_WAIT keeps the port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.bind((probe.source, 0))
        self.flying[probe.id][1] = sock
        error = sock.connect_ex((probe.destination, probe.value))
        if error not in (0, errno.EINPROGRESS):
            self.land(probe.id, False)
            return

        def on_answer(_):
            try:
                self.land(probe.id, number_in(sock.recv(64)) == probe.id)
            except BlockingIOError:
                pass
            except OSError:
                self.land(probe.id, False)

        def on_connected(_):
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.land(probe.id, False)
                return
            self.selector.modify(sock, selectors.EVENT_READ, on_answer)
            # whatever the table says, this one is open: wait for the answer
            self.flying[probe.id][2] = time.monotonic() + PATIENCE
            try:
                sock.send(payload(probe.id))
            except OSError:
                self.land(probe.id, False)

        self.selector.register(sock, selectors.EVENT_WRITE, on_connected)

    def sender(self, probe):
        """One socket per source address and batch, so that every batch has ports of its own."""
        key = probe.source
        if key not in self.senders:
            sock = self.bound(":" in key, socket.SOCK_DGRAM, 0, key, 0)
            self.senders[key] = sock
            self.watch(sock, self.on_udp_answer)
        return self.senders[key]

    def on_udp_answer(self, sock):
        for _ in range(EVENTS):
            try:
                number = number_in(sock.recv(64))
            except BlockingIOError:
                return
            except OSError:
                continue        # a refusal by ICMP; the deadline will tell
            if number in self.flying:
                self.land(number, True)

    def send(self, probe):
        try:
            if probe.kind.startswith("udp"):
                self.sender(probe).sendto(payload(probe.id),
                                          (probe.destination, probe.value))
            elif probe.kind.startswith("icmp"):
                self.raw[probe.kind, probe.source].sendto(
                    icmp_packet(probe), (probe.destination, 0))
            else:
                self.raw[probe.value, probe.source].sendto(
                    b"\0" * 8 + payload(probe.id), (probe.destination, 0))
        except PermissionError:
            pass                # the output hook dropped it
        except OSError as error:
            if error.errno not in (errno.ECONNREFUSED, errno.EHOSTUNREACH,
                                   errno.ENETUNREACH, errno.EACCES):
                raise

    def next_deadline(self):
        if not self.flying:
            return 0
        first = min(min(f[2], f[3]) for f in self.flying.values())
        return max(0.0, first - time.monotonic())

    def expire(self):
        now = time.monotonic()
        for number, flight in list(self.flying.items()):
            probe, _, deadline, again = flight
            if now >= deadline:
                self.land(number, False)
            elif now >= again:
                flight[3] = now + PATIENCE
                if not probe.kind.startswith("tcp"):
                    flight[3] = now + AGAIN
                    self.send(probe)

    def land(self, number, answered):
        _, sock, _, _ = self.flying.pop(number)
        if answered:
            self.answered.add(number)
        if sock:
            self.forget(sock)

    def forget(self, sock):
        try:
            self.selector.unregister(sock)
        except KeyError:
            pass
        sock.close()


class Machine:
    """The outside of it: orders in, answers out."""

    def __init__(self, name, others=()):
        self.name = name
        self.pipe, inner = multiprocessing.connection.Pipe()
        self.pid = os.fork()
        if self.pid == 0:
            for other in others:
                other.pipe.close()
            self.pipe.close()
            self.inside(inner)
        inner.close()
        if self.pipe.recv() != "ready":
            raise RuntimeError(f"no namespace for {name}")

    def inside(self, pipe):
        try:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if libc.unshare(CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "unshare")
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            pipe.send("ready")
            Inside(pipe).serve()
        except BaseException:                   # noqa: nothing may run on
            import traceback
            traceback.print_exc()
        os._exit(1)

    def order(self, order, argument=None):
        self.tell(order, argument)
        return self.answer()

    def tell(self, order, argument=None):
        self.pipe.send((order, argument))

    def answer(self):
        try:
            return self.pipe.recv()
        except EOFError:
            raise RuntimeError(f"the machine {self.name} died") from None

    def run(self, command, stdin=None):
        """Stdout; a failing command is an error."""
        code, out, err = self.order("run", (command, stdin))
        if code:
            first, *_ = err.strip().splitlines() or [f"exit {code}"]
            raise RuntimeError(f"{self.name}: {' '.join(command)}: {first}")
        return out

    def end(self):
        self.pipe.close()
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)

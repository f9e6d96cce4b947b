"""Policies of every shape that a ruleset may take, and what they allow, by hand.

A rule here is what both a line of a policy and the evaluator of this file are made of;
the evaluator knows nothing of how it is compiled.  Far ends are numbers into the far
networks, app ends into the app's: 10.2.0.0 + n and 2001:db8:2:: + n * 2^60.
"""

import collections
import ipaddress
import random

FAR_NETS = "10.2.0.0/15, 10.4.0.0/14", "2001:db8:2::/48"
APP_NETS = "10.1.0.0/24", "2001:db8:1::/60"     # a /60 of 256 times 2^60 addresses
FAR = {4: int(ipaddress.ip_address("10.2.0.0")), 6: int(ipaddress.ip_address("2001:db8:2::"))}
APP = {4: int(ipaddress.ip_address("10.1.0.0")), 6: int(ipaddress.ip_address("2001:db8:1::"))}
WIDTH = {4: 0, 6: 60}           # an address of ours is 2^60 of IPv6
FIRST = 16                      # so that the neighbours below are far, too

HEAD = """language 1;
policy kernel;
environments prod;
layer app; layer far;
environment prod {{
  vpc 10.0.0.0/8, 2001:db8::/32;
  layer app {app};
  layer far {far};
}}
"""

# far, app: lists of (first, last); single: hosts, also in IPv6; service: (protocol, first,
# last), the last two values of 256 * type + code where it is ICMP; ways: input, output
Rule = collections.namedtuple("Rule", "far app single service ways families")

BOTH_WAYS, BOTH_FAMILIES = ("in", "out"), (4, 6)


def part_of_all(i, count):
    """Of many rules each is for one way and one family, of few for all."""
    if count <= 10:
        return BOTH_WAYS, BOTH_FAMILIES
    return (BOTH_WAYS[i % 2],), (BOTH_FAMILIES[i // 2 % 2],)


# ---- shapes -----------------------------------------------------------------

def linear(count):
    """So few that each is a rule of its own."""
    return [Rule([(FIRST, 255)], [(4, 7)], False, ("tcp", port, port), (BOTH_WAYS[i % 2],),
                 BOTH_FAMILIES) for i in range(count) for port in [100 + 2 * i]]


def exact(count):
    """Single hosts and ports: a hash."""
    return [Rule([(FIRST + 2 * i,) * 2], [(5, 5)], True,
                 ("tcp udp".split()[i // 4 % 2], port, port), *part_of_all(i, count))
            for i in range(count) for port in [1024 + 2 * (i % 5000)]]


def ranges(count):
    """Networks and ranges of ports: a set of them, or parts of it behind a map."""
    return [Rule([(FIRST + 2 * i, FIRST + 2 * i + 1)], [((4, 7), (16, 23))[i // 8 % 2]], False,
                 ("tcp udp".split()[i // 4 % 2], low, low + 99), *part_of_all(i, count))
            for i in range(count) for low in [1000 * (1 + i % 50)]]


def groups(count, width=1):
    """Hosts that may the same: a map from host to a hash, WIDTH keys a rule, of its group."""
    few = count <= 10
    rules = []
    for i in range(count):
        ways, families = part_of_all(i, count)
        # the group is where packets go to, so that a gateway has it on one end
        far, app = (16, 16) if few else (width, 9) if ways == ("in",) else (9, width)
        k = i if few else i // 4
        g, a = k % 10, 0 if few else k // 10 % 10
        rules.append(Rule([(FIRST + 2 * (g * far + h),) * 2 for h in range(far)],
                          [(32 + 2 * (a * app + h),) * 2 for h in range(app)], True,
                          ("tcp", 1000 + 2 * k, 1000 + 2 * k), ways, families))
    return rules


def icmp(count):
    """Types and codes, of ICMP and ICMPv6 each by their own rules."""
    rules = []
    for i in range(count):
        ways, _ = part_of_all(i, count)
        for family, first in ((4, 8), (6, 128)):
            # not what every IPv6 host may say on its own link
            type_ = first if i % 4 == 0 else 150 + i // 4 % 50
            code = i // 4 % 3
            rules.append(Rule([(FIRST + 2 * i, FIRST + 2 * i + 1)], [(4, 7)], False,
                              ("icmp", 256 * type_ + code, 256 * type_ + code), ways, (family,)))
    return rules


def pings():
    """Echo requests of some, both ways."""
    return [Rule([(FIRST, FIRST + 255)], [(4, 7)], False, ("icmp", 256 * t, 256 * t), BOTH_WAYS,
                 (family,)) for family, t in ((4, 8), (6, 128))]


def plain(count):
    """A protocol without ports."""
    return [Rule([(FIRST + 2 * i, FIRST + 2 * i + 1)], [(4, 7)], False, ("plain", 0, 0),
                 *part_of_all(i, count)) for i in range(count)]


# ---- as a policy ------------------------------------------------------------

def span(base, family, first, last, single):
    """The addresses FIRST to LAST of ours, as numbers of the family."""
    width = WIDTH[family]
    if single:
        return base[family] + (first << width), base[family] + (last << width)
    return base[family] + (first << width), base[family] + (last + 1 << width) - 1


def address(family, number):
    return (ipaddress.IPv6Address if family == 6 else ipaddress.IPv4Address)(number)


def ends(base, spans, rule):
    return ", ".join(
        str(net) for family in rule.families for first, last in spans
        for net in ipaddress.summarize_address_range(
            *(address(family, n) for n in span(base, family, first, last, rule.single))))


def service_text(rule):
    protocol, first, last = rule.service
    if protocol == "plain":
        return "proto/253"
    if protocol == "icmp":
        return f"{'icmp6' if 6 in rule.families else 'icmp'}/{first >> 8}/{first & 255}"
    return f"{protocol}/{first}" + (f"-{last}" if last > first else "")


def statements(rules, prefix="r"):
    for i, rule in enumerate(rules):
        if rule is None:
            continue
        far, app = ends(FAR, rule.far, rule), ends(APP, rule.app, rule)
        for way in rule.ways:
            peers = f"{far} -> {app}" if way == "in" else f"{app} -> {far}"
            yield f"{prefix}{i}-{way}: allow {peers} on {service_text(rule)};\n"


def write_policy(path, rules):
    """None among RULES leaves its number out."""
    head = HEAD.format(app=", ".join(APP_NETS), far=", ".join(FAR_NETS))
    path.write_text(head + "".join(statements(rules)), encoding="ascii")
    return path


# ---- what it allows ---------------------------------------------------------

class Allowed:
    """What rules say, asked one packet at a time."""

    def __init__(self, rules):
        self.wide, self.by_number = [], collections.defaultdict(list)
        for rule in rules:
            if rule is None:
                continue
            for first, last in rule.far:
                if last - first > 1:
                    self.wide.append(rule)
                else:
                    for number in range(first, last + 1):
                        self.by_number[number].append(rule)

    def has(self, way, family, far, app, service):
        number = (far - FAR[family]) >> WIDTH[family]
        return any(self.admits(rule, way, family, far, app, service)
                   for rule in (*self.by_number.get(number, ()), *self.wide))

    @staticmethod
    def admits(rule, way, family, far, app, service):
        protocol, value = service

        def within(base, spans, number):
            return any(low <= number <= high for first, last in spans
                       for low, high in [span(base, family, first, last, rule.single)])

        return (way in rule.ways and family in rule.families and
                rule.service[0] == protocol and rule.service[1] <= value <= rule.service[2] and
                within(FAR, rule.far, far) and within(APP, rule.app, app))


# ---- flows ------------------------------------------------------------------

def edges(low, high, least=0, most=None):
    """Both ends, and what is just beyond."""
    return sorted({n for n in (low - 1, low, high, high + 1)
                   if n >= least and (most is None or n <= most)})


def packets_at_edges(rule):
    """(way, family, far, app, service) on both sides of every edge of one box of RULE."""
    protocol, low, high = rule.service
    most = {"plain": 0}.get(protocol, 65535)
    values = edges(low, high, 0, most)
    if protocol == "icmp":      # the neighbours of a type are as far as those of a code
        values = sorted({*values, low - 256, low + 256} & set(range(65536)))
    for family in rule.families:
        far = edges(*span(FAR, family, *rule.far[0], rule.single))
        app = edges(*span(APP, family, *rule.app[-1], rule.single))
        for way in rule.ways:
            for f in far:
                for a in app:
                    for value in values:
                        yield way, family, f, a, (protocol, value)


def line(allowed, from_, to, packet):
    way, family, far, app, (protocol, value) = packet
    source, last = (far, app) if way == "in" else (app, far)
    value = f"{value >> 8}/{value & 255}" if protocol == "icmp" else value
    return (f"{'yes' if allowed else 'no'} {from_} {to} {protocol} {address(family, source)} "
            f"{address(family, last)} {value}\n")


def lines_of(packet, allowed):
    """By the host's hooks, and by the gateway's."""
    ways = (("far", "here"), ("far", "near")) if packet[0] == "in" else \
        (("here", "far"), ("near", "far"))
    return [line(allowed, *way, packet) for way in ways]


def write_flows(path, packets):
    """PACKETS are (packet, is it allowed?): of every hook, in no order.  How many?"""
    lines = [text for packet, allowed in packets for text in lines_of(packet, allowed)]
    random.Random(1).shuffle(lines)
    path.write_text("".join(lines), encoding="ascii")
    return len(lines)

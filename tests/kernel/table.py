"""hosts.txt and flows.txt: what is written there, and what follows from it."""

import collections
import ipaddress

import machine

ICMP_TYPES = {
    "echo": {"icmp4": 8, "icmp6": 128},
    "echo-reply": {"icmp4": 0, "icmp6": 129},
    "timestamp": {"icmp4": 13},
}

# machine: what it runs on, by name; layer: the machine's, or None
Host = collections.namedtuple("Host", "name machine layer addresses")
# what a human said of a flow: wanted, and in which line (0: in none)
Said = collections.namedtuple("Said", "wanted line")


class Wrong(Exception):
    """The tables contradict themselves or each other."""


def lines_of(path):
    with open(path) as file:
        for number, line in enumerate(file, 1):
            words = line.partition("#")[0].split()
            if words:
                yield number, words


def read_hosts(path):
    """Environment: name: Host."""
    environments = collections.defaultdict(dict)
    layers = set()
    for line, (environment, name, *rest) in lines_of(path):
        if environment == "layers":
            layers = {name, *rest}
            continue
        machine_name = name.partition("+")[0]
        layer = machine_name.partition("/")[0]
        if name in environments[environment]:
            raise Wrong(f"{path}:{line}: {name} is there twice")
        environments[environment][name] = Host(
            name, machine_name, layer if layer in layers else None,
            [str(ipaddress.ip_address(a)) for a in rest])
    return dict(environments)


def kinds_and_values(where, protocols, values):
    """Every (kind, value) that a line's protocols and values stand for."""
    for protocol in protocols.split(","):
        kinds = [k for k in machine.KINDS if protocol in (k, k[:-1])]
        if not kinds:
            raise Wrong(f"{where}: no protocol {protocol}")
        for kind in kinds:
            for word in values.split(","):
                if not kind.startswith("icmp"):
                    yield kind, int(word)
                elif kind in ICMP_TYPES[word]:
                    yield kind, ICMP_TYPES[word][kind]


def addresses(host, kind):
    return [a for a in host.addresses if (":" in a) == kind.endswith("6")]


def read_flows(path, hosts):
    """
    Environment: {(source, destination, kind, value): Said}, by names of hosts;
    the flows that nobody mentioned are there as refused, in line 0.
    """
    closed = set()
    said = {environment: {} for environment in hosts}
    for line, words in lines_of(path):
        where = f"{path}:{line}"
        if words[0] == "closed":
            closed.update(kinds_and_values(where, words[1], words[2]))
            continue
        environment, sources, destinations, protocols, values, verdict = words
        if verdict not in ("yes", "no"):
            raise Wrong(f"{where}: {verdict} is neither yes nor no")
        here = hosts[environment]
        tried = 0
        for source in names_in(where, here, sources):
            for destination in names_in(where, here, destinations):
                for kind, value in kinds_and_values(where, protocols, values):
                    say(said[environment], where,
                        (source, destination, kind, value),
                        Said(verdict == "yes", line))
                    tried += is_flow(here[source], here[destination], kind)
        if not tried:
            raise Wrong(f"{where}: there is nothing here to try")
    for environment, flows in said.items():
        mentioned = {flow[2:] for flow in flows}
        say_no_to_the_rest(flows, hosts[environment], closed | mentioned)
    return said


def names_in(where, hosts, names):
    for name in names.split(","):
        if name == "ours":
            yield from (n for n, host in hosts.items() if host.layer)
        elif name in hosts:
            yield name
        else:
            raise Wrong(f"{where}: no host {name}")


def is_flow(source, destination, kind):
    """Can it be sent, and does one of our rulesets decide?"""
    return bool(source.machine != destination.machine and
                (source.layer or destination.layer) and
                addresses(source, kind) and addresses(destination, kind))


def say(flows, where, flow, said):
    before = flows.setdefault(flow, said)
    if before.wanted != said.wanted:
        raise Wrong(f"{where}: line {before.line} says otherwise of "
                    f"{flow[0]} -> {flow[1]} {flow[2]} {flow[3]}")


def say_no_to_the_rest(flows, hosts, closed):
    for source in hosts.values():
        for destination in hosts.values():
            for kind, value in closed:
                if is_flow(source, destination, kind):
                    flows.setdefault(
                        (source.name, destination.name, kind, value),
                        Said(False, 0))

#!/usr/bin/env python3
"""What somebody may do to a ruleset of ours, and beside it: seen by `prove --live`.

Each change is loaded with the ruleset, and asked for in the kernel: 0 it means the
same, 1 it does not, 2 it is not understood, which is no `equal` either.  What is not
equal there is not equal as `nft list` and `nft -j list` print it.  What others have is
told in words.

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import pathlib
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import live                             # noqa: E402
import run                              # noqa: E402

# Changes: a name, what is added (BODY is the chain input jumps to) or what is put in the
# place of what, and the exit codes that are right.
CHAIN = "add chain inet firebreak {}; "
TARGET = CHAIN.format("e") + "add rule inet firebreak e accept; "
FIRST, BODY, LAST = ("insert rule inet firebreak input ", "insert rule inet firebreak BODY ",
                     "add rule inet firebreak BODY ")
HOOK = "type filter hook input priority filter; policy drop;"

TABLE = (
    ("nothing", "", {0}),
    ("dormant", ("table inet firebreak {", "table inet firebreak {\n\tflags dormant;"), {2}),
    ("nobody's", (re.compile(r'\tcomment "firebreak live[^\n]*'), ""), {2}),
    ("another layer's", ("prod app", "prod far"), {1}),
)
HOOKS = (
    ("before connections are tracked", (HOOK, HOOK.replace("filter;", "-300;", 1)), {2}),
    ("another priority", (HOOK, HOOK.replace("priority filter", "priority 10")), {0}),
    ("another hook", (HOOK, HOOK.replace("hook input", "hook forward")), {2}),
    ("prerouting", (HOOK, HOOK.replace("hook input", "hook prerouting")), {2}),
    ("no hook", (HOOK, ""), {1}),
    ("policy accept", (re.compile(re.escape(HOOK) + r"(\s+jump \w+\s+)drop\n"),
                       HOOK.replace("drop", "accept") + r"\1" + "\n"), {1}),
    ("policy accept behind a drop", (HOOK, HOOK.replace("drop", "accept")), {0}),
    ("a second chain", CHAIN.format("b { type filter hook input priority 1; policy accept; }"), {2}),
    ("a chain for routes", CHAIN.format("b { type route hook output priority 1; }"), {2}),
    ("a chain that translates", CHAIN.format("b { type nat hook prerouting priority -100; }") +
     "add rule inet firebreak b tcp dport 22 redirect to :80", {2}),
    ("a chain of a device", CHAIN.format("b { type filter hook ingress device lo priority 0; }"), {2}),
)
VERDICTS = (
    ("goto", FIRST + "goto BODY", {2}),
    ("return", BODY + "tcp dport 22 return", {2}),
    ("a jump to nothing", CHAIN.format("e") + FIRST + "jump e", {0}),
    ("a jump to accept", TARGET + FIRST + "jump e", {1}),
    ("a chain without a name", FIRST + "tcp dport 22 jump { accept; }", {1}),
    ("ways without number", "".join(CHAIN.format(f"w{i}") for i in range(8)) + "".join(
        f"add rule inet firebreak w{i} jump w{i + 1}; " for i in range(2, 7) for _ in range(30)) +
     "add rule inet firebreak w7 ip saddr 1.2.3.4 drop; " + FIRST + "jump w2", {2}),
    ("a state that jumps", TARGET + LAST + "ct state vmap { new : jump e }", {2}),
    ("a state that jumps, by a map", TARGET +
     "add map inet firebreak m { type ct_state : verdict; elements = { new : jump e }; }; " +
     LAST + "ct state vmap @m", {2}),
    ("a state that goes", TARGET + BODY + "ct state vmap { new : goto e }", {2}),
    ("a state that returns", BODY + "ct state vmap { new : return }", {2}),
    ("a state that is accepted", BODY + "ct state vmap { new : accept }", {1}),
    ("an address that jumps", TARGET + FIRST + "ip saddr vmap { 11.0.0.0/8 : jump e }", {1}),
    ("all others", "add map inet firebreak m { type ipv4_addr : verdict; elements = { * : accept }; }; "
     + FIRST + "ip saddr vmap @m", {2}),
    ("another answer", BODY + "reject with icmpx host-unreachable", {2}),
    ("behind the last", "add rule inet firebreak input accept", {0}),
)
STATEMENTS = (
    ("a counter", FIRST + "counter", {0}),
    ("a log", FIRST + "log prefix \"x\"", {0}),
    ("a limit", FIRST + "limit rate 1/second accept", {2}),
    ("a limit turned round", FIRST + "limit rate over 1/second drop", {2}),
    ("a limit that jumps", TARGET + FIRST + "limit rate 1/second jump e", {2}),
    ("a quota", FIRST + "quota over 10 mbytes drop", {2}),
    ("a count of connections", FIRST + "ct count over 3 drop", {2}),
    ("notrack", FIRST + "notrack", {2}),
    ("a mark that is set", FIRST + "meta mark set 1", {2}),
    ("a trace", FIRST + "meta nftrace set 1", {2}),
    ("an address that is set", FIRST + "ip saddr set 10.2.0.1", {2}),
    ("a counter with a name", "add counter inet firebreak c; " + FIRST + "counter name \"c\"", {2}),
    ("a quota with a name", "add quota inet firebreak q { 10 mbytes; }; " + FIRST + "quota name \"q\"", {2}),
    ("a limit with a name", "add limit inet firebreak l { rate 1/second; }; " + BODY +
     "limit name \"l\" drop", {2}),
    ("a helper", "add ct helper inet firebreak h { type \"ftp\" protocol tcp; }; " + FIRST +
     "tcp dport 21 ct helper set \"h\"", {2}),
    ("packets that add", "add set inet firebreak s { type ipv4_addr; flags dynamic,timeout; timeout 1m; }; "
     + FIRST + "add @s { ip saddr }", {2}),
)
MATCHES = tuple((words, FIRST + words + " accept", codes) for words, codes in (
    ("meta mark 1", {2}), ("ct mark 1", {2}), ("ct status dnat", {2}), ("ct direction original", {2}),
    ("ct label 1", {2}), ("ct zone 1", {2}), ("ct state new", {1}), ("ct state untracked", {1}),
    ("iif != \"lo\"", {1}), ("iif 2", {2}), ("iifname \"eth0\"", {2}), ("meta pkttype broadcast", {2}),
    ("meta hour \"00:00\"-\"23:00\"", {2}), ("numgen random mod 2 0", {2}), ("fib daddr type local", {2}),
    ("tcp flags syn", {2}), ("tcp sport 22", {1}), ("tcp dport >= 60000", {1}), ("th dport 22", {2}),
    ("meta l4proto sctp th dport 22", {2}), ("@th,16,16 22", {2}), ("ip protocol tcp", {2}),
    ("meta l4proto icmp @th,0,16 22", {2}), ("ip length > 5", {2}), ("ip frag-off & 0x1fff != 0", {2}),
    ("exthdr frag exists", {2}), ("ip6 nexthdr 6", {2}), ("ip6 hoplimit 64", {1}),
    ("ip saddr & 0.0.0.255 == 0.0.0.1", {2}), ("ip saddr != 10.0.0.0/8", {1}), ("meta ipsec exists", {1}),
    ("ip saddr . tcp dport != { 10.2.0.1 . 22 }", {2})))
KEYS = r"(set in4_\w+ \{\n\t\ttype [^\n]*\n)"
SETS = (
    ("one more", "add element inet firebreak SET { 10.2.9.9 . tcp . 22 }", {1}),
    ("a limit for each", (re.compile(KEYS), r"\1\t\tlimit rate 1/second\n"), {2}),
    ("a counter for each", (re.compile(KEYS), r"\1\t\tcounter\n"), {0}),
    ("a time for each", (re.compile(KEYS), r"\1\t\tflags timeout\n\t\ttimeout 1h\n"), {2}),
    ("a time for some", (re.compile(KEYS + r"((?:.*\n)*?.*?) comment"),
                         r"\1\t\tflags timeout\n\2 timeout 1h comment"), {2}),
    ("one that nobody asks", "add set inet firebreak u { type ipv4_addr; elements = { 1.2.3.4 }; }", {0}),
)
SNAT = r"(snat ip to [\d.-]+)"
GATEWAY = (
    ("nothing", "", {0}),
    ("masquerade", "insert rule inet firebreak_gateway postrouting masquerade", {2}),
    ("random ports", (re.compile(SNAT), r"\1 random"), {2}),
    ("persistent", (re.compile(SNAT), r"\1 persistent"), {2}),
    ("to another address", (re.compile(SNAT), "snat ip to 9.9.9.9"), {1}),
    ("of IPv6", "insert rule inet firebreak_gateway postrouting snat ip6 to fd00::1", {2}),
    ("a chain that translates", "add chain inet firebreak_gateway d { type nat hook prerouting priority -100; }",
     {2}),
    ("a chain of the host", "add chain inet firebreak_gateway d { type filter hook input priority 0; }", {2}),
)

# Chains of others: family, type, hook, and what is told.
ALL = ("ip", "ip6", "inet")
BESIDE = [(f, t, h, told) for f in ALL for t, h, told in (
    ("filter", "input", "on the same hook"), ("filter", "output", "on the same hook"),
    ("route", "output", "on the same hook"), ("filter", "prerouting", "before these rules"),
    ("filter", "postrouting", "behind these rules"), ("nat", "prerouting", "may translate"),
    ("nat", "output", "may translate"), ("nat", "postrouting", "may translate"),
    ("filter", "forward", None))] + [
    ("inet", "filter", "ingress device lo", "below these rules"),
    ("netdev", "filter", "ingress device lo", "below these rules"),
    ("bridge", "filter", "input", "below these rules"), ("arp", "filter", "input", None)]
BESIDE_GATEWAY = [(f, t, h, told) for f in ALL for t, h, told in (
    ("filter", "forward", "on the same hook"), ("nat", "prerouting", "may translate"),
    ("nat", "postrouting", "may translate"), ("filter", "input", None), ("filter", "output", None))]


class Ruleset:
    """What `compile` wrote, as nft lists it, to be loaded again with a change."""

    def __init__(self, policy, part):
        self.policy, self.part = policy, part
        live.nft("flush", "ruleset")
        live.expect(live.firebreak("apply", policy, part), 0, f"apply {part}")
        self.text = live.nft("list", "ruleset").stdout
        self.words = {"BODY": re.search(r"jump (input_g\d+|forward_g\d+)", self.text).group(1),
                      "SET": (re.search(r"set (in4_\w+)", self.text) or ["", ""])[1]}

    def load(self, change):
        text, added = self.text, change
        if isinstance(change, tuple):
            old, new = change
            added = ""
            text = old.sub(new, text, count=1) if isinstance(old, re.Pattern) else text.replace(old, new, 1)
            if text == self.text:
                return "nothing to change"
        for word, name in self.words.items():
            added = re.sub(rf"\b{word}\b", name, added)
        done = live.nft("-f", "-", stdin=f"flush ruleset\n{text}\n{added}\n")
        return done.stderr if done.returncode else None


def try_change(ruleset, what, change, codes):
    why = ruleset.load(change)
    if why:
        live.fail(f"{what}: cannot be loaded: {why[:200]}")
        return
    done = live.firebreak("prove", ruleset.policy, "--live")
    if done.returncode not in codes:
        live.fail(f"{what}: exit {done.returncode}, should be {codes}: {done.stderr[:300]}")
    if done.returncode == 0:
        return
    listed = live.firebreak("prove", ruleset.policy, "-", input=live.nft("list", "ruleset").stdout)
    if listed.returncode not in (1, 2):
        live.fail(f"{what}: as nft lists it: exit {listed.returncode}")
    if what.endswith(("nobody's", "another layer's")):
        return                          # nft before 1.1 lists no comments of tables as JSON
    listed = live.firebreak("prove", ruleset.policy, "-", "--part", ruleset.part,
                            input=live.nft("-j", "list", "ruleset").stdout)
    if listed.returncode not in (1, 2):
        live.fail(f"{what}: as nft lists it as JSON: exit {listed.returncode}")


def try_beside(ruleset, rows, own):
    for family, kind, hook, told in rows:
        what = f"beside {own}: {family} {kind} {hook}"
        for name in ("o", own):         # a table of our name in another family is not ours
            if (family, name) == ("inet", own):
                continue
            priority = {"nat": 100 if hook in ("postrouting", "input") else -100}.get(kind, 5)
            why = ruleset.load(f"add table {family} {name}; add chain {family} {name} c "
                               f"{{ type {kind} hook {hook} priority {priority}; }}")
            if why:
                live.fail(f"{what}: cannot be loaded: {why[:200]}")
                continue
            done = live.firebreak("prove", ruleset.policy, "--live")
            if live.expect(done, 0, what) and (told or "P0605") in done.stderr and not told or \
                    told and f"table `{family} {name}` has the chain `c`" not in done.stderr or \
                    told and told not in done.stderr:
                live.fail(f"{what}: told is {done.stderr[:300]}")


def main():
    run.get_namespaces()
    live.skip_namespace()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        small = Ruleset(live.ranges(work / "small.fbk", 20), "prod.app")
        for what, change, codes in TABLE + HOOKS + VERDICTS + STATEMENTS + MATCHES:
            try_change(small, what, change, codes)
        hosts = Ruleset(live.exact(work / "hosts.fbk", 60), "prod.app")
        for what, change, codes in SETS:
            try_change(hosts, f"sets: {what}", change, codes)
        gateway = Ruleset(live.ROOT / "policies/modyo-connect", "banco-andino.prod.gateway")
        for what, change, codes in GATEWAY:
            try_change(gateway, f"gateway: {what}", change, codes)
        try_beside(small, BESIDE, "firebreak")
        try_beside(gateway, BESIDE_GATEWAY, "firebreak_gateway")
    changes = sum(map(len, (TABLE, HOOKS, VERDICTS, STATEMENTS, MATCHES, SETS, GATEWAY)))
    print(f"tampered  {changes} changes, {len(BESIDE + BESIDE_GATEWAY)} chains beside: none is missed, "
          f"in {time.monotonic() - began:.0f} s" if not live.failures else "tampered  failed", flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

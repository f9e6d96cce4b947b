#!/usr/bin/env python3
"""Accounts of others: read without loss, drafted, compiled, and proved equal.

The captures below tests/captures are other projects' published test data (its README
says whose).  What a capture has is counted and taken apart here, by a plain reading of
the JSON, and compared with what comes out; np-guard's analyser says for one of them who
reaches whom, and `query` has to say the same.
"""
import copy
import ipaddress
import json
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.path.realpath(os.environ.get("FIREBREAK", os.path.join(TOP, "build/firebreak")))
HERE = os.path.join(TOP, "tests/captures")
WORK = tempfile.mkdtemp()
failed = 0
done = 0

# groups, rules of one peer each
CAPTURES = {
    "batfish/hybrid-cloud-aws.json": (11, 43),
    "batfish/load-balancer.json": (3, 7),
    "batfish/transit-gateway-east.json": (4, 12),
    "batfish/transit-gateway-west.json": (2, 6),
    "batfish/vpc-endpoint-gateway.json": (2, 7),
    "cloud-custodian/only-ports-and-cidr-1.json": (19, 43),
    "cloud-custodian/only-ports-and-cidr-2.json": (1, 4),
    "cloud-custodian/self-reference-1.json": (1, 2),
    "cloud-custodian/self-reference-2.json": (42, 81),
    "cloud-custodian/config-patch-1.json": (10, 25),
    "cloud-custodian/config-patch-2.json": (1, 3),
    "cloudmapper-demo/demo.json": (8, 19),
    "np-guard/acl_1.json": (3, 6),
    "np-guard/sg_1.json": (6, 13),
}
PEERS = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"),
         ("PrefixListIds", "PrefixListId"), ("UserIdGroupPairs", "GroupId"))


def check(what, good, said=""):
    global failed, done
    done += 1
    if not good:
        failed += 1
        print(f"FAIL {what}\n{said}")


def run(*arguments, code=0, what=None, words=()):
    end = subprocess.run([TOOL, *arguments], capture_output=True, text=True)
    said = end.stdout + end.stderr
    check(what or " ".join(arguments),
          end.returncode == code and all(word in said for word in words),
          f"exit {end.returncode}, wanted {code} with {words}\n{said[:2000]}")
    return said


def groups_of(capture):
    capture = capture.get("data", capture) if "status_code" in capture else capture
    return capture.get("SecurityGroups") or capture["security_groups"]


def canonical(peer):
    return str(ipaddress.ip_network(peer, strict=False)) if "/" in peer else peer


def ports(permission):
    ends = permission.get("FromPort"), permission.get("ToPort")
    return tuple(-1 if end is None else end for end in ends)


def rules_of(groups, name=lambda ident: ident):
    """Every rule of one peer, as (group, direction, protocol, from, to, peer)."""
    return [(name(group["GroupId"]), direction, permission["IpProtocol"], *ports(permission),
             name(canonical(peer[key])) if key == "GroupId" else canonical(peer[key]))
            for group in groups
            for direction in ("IpPermissions", "IpPermissionsEgress")
            for permission in group.get(direction) or []
            for kind, key in PEERS
            for peer in permission.get(kind) or []]


def emitted(policy, text):
    """The rules that `compile` makes of the draft, under the ids of the capture."""
    out = os.path.join(WORK, "out")
    subprocess.run(["rm", "-rf", out])
    run("compile", policy, "-t", "terraform,ec2", "-o", out)
    ids = {(m[1], m[2]): m[3] for m in re.finditer(
        r'(?:security|foreign)-group (\S+)\.(\S+) +"(.*)";', text)}
    found = []
    for environment in os.listdir(out):
        path = os.path.join(out, environment, "aws.ec2.json")
        if not os.path.exists(path):
            continue
        with open(path) as file:
            groups = json.load(file)["SecurityGroups"]
        layer = {group["GroupId"]: next(tag["Value"] for tag in group["Tags"]
                                        if tag["Key"] == "firebreak:layer")
                 for group in groups}
        found += rules_of(groups, lambda ident: ids[environment, layer[ident]])
    return found


def as_rules(groups):
    """The same account as describe-security-group-rules tells of it."""
    out = []
    users = {pair["GroupId"]: pair.get("UserId") for group in groups
             for direction in ("IpPermissions", "IpPermissionsEgress")
             for permission in group.get(direction) or []
             for pair in permission.get("UserIdGroupPairs") or []}
    for number, (group, direction, protocol, low, high, peer) in enumerate(rules_of(groups)):
        rule = {"SecurityGroupRuleId": f"sgr-{number}", "GroupId": group,
                "IsEgress": direction == "IpPermissionsEgress", "IpProtocol": protocol,
                "FromPort": low, "ToPort": high, "Description": None, "Tags": []}
        if "/" not in peer:
            rule["ReferencedGroupInfo"] = {"GroupId": peer, "UserId": users[peer]}
        else:
            rule["CidrIpv6" if ":" in peer else "CidrIpv4"] = peer
        out.append(rule)
    return {"SecurityGroupRules": out}


def save(capture, name="capture.json"):
    path = os.path.join(WORK, name)
    with open(path, "w") as file:
        json.dump(capture, file)
    return path


def draft(*paths, code=0, words=()):
    policy = os.path.join(WORK, "policy")
    subprocess.run(["rm", "-rf", policy])
    run("init", policy, *(word for path in paths for word in ("--from", path)), code=code,
        words=words)
    try:
        with open(os.path.join(policy, "main.fbk")) as file:
            return policy, file.read()
    except OSError:
        check(f"{paths}: a draft", False)
        return policy, ""


def change(path, policy, groups, what, how):
    """Somebody's hand on the account: never equal any more."""
    hand = copy.deepcopy(groups)
    how(hand)
    run("prove", policy, save({"SecurityGroups": hand}), code=1, what=f"{path}: {what}",
        words=("not equal",))


def by_hand(path, policy, groups):
    def has_peers(group):
        return group.get("IpPermissions") and any(group["IpPermissions"][0].get(kind)
                                                  for kind, _ in PEERS)

    first = next(i for i, group in enumerate(groups) if has_peers(group))

    def less(hand):
        del hand[first]["IpPermissions"][0]

    def more(hand):
        hand[first]["IpPermissions"].append({
            "IpProtocol": "udp", "FromPort": 4, "ToPort": 4,
            "IpRanges": [{"CidrIp": "203.0.113.9/32"}]})

    def lets_all_in(peer):
        return any(p["IpProtocol"] == "-1" and peer in str(p)
                   for p in groups[first]["IpPermissions"])

    change(path, policy, groups, "a rule less", less)
    if not lets_all_in("0.0.0.0/0"):
        change(path, policy, groups, "a rule more", more)
    if not lets_all_in("0.0.0.0/0") and not lets_all_in(groups[first]["GroupId"]):
        # half a rule: drift, whatever the other side lets out
        change(path, policy, groups, "half a rule more", lambda hand: hand[first][
            "IpPermissions"].append({"IpProtocol": "udp", "FromPort": 4, "ToPort": 4,
                                     "UserIdGroupPairs": [
                                         {"GroupId": hand[first]["GroupId"]}]}))


def test_capture(name, size):
    path = os.path.join(HERE, name)
    with open(path) as file:
        groups = groups_of(json.load(file))
    rules = rules_of(groups)
    check(f"{name}: size", (len(groups), len(rules)) == size, (len(groups), len(rules)))
    policy, text = draft(path)
    for group in groups:
        check(f"{name}: {group['GroupId']} is drafted",
              f"\"{group['GroupId']}\";" in text and group["GroupName"] in text)
    run("fmt", "--check", os.path.join(policy, "main.fbk"))
    run("check", policy)
    found = emitted(policy, text)
    check(f"{name}: every rule comes out again, and no other",
          sorted(set(found)) == sorted(set(rules)) and len(found) == len(rules),
          f"lost {set(rules) - set(found)}\nnew {set(found) - set(rules)}")
    run("prove", policy, path, words=("equal",))
    run("prove", "--recheck", policy, save({"status_code": 200, "data": {
        "SecurityGroups": groups, "ResponseMetadata": {}}}))
    if not name.startswith("np-guard"):     # which has groups without a rule
        run("prove", policy, save(as_rules(groups)))
    run("prove", policy, save({"SecurityGroups": groups, "NextToken": "x"}), code=2,
        words=("not complete",))
    by_hand(name, policy, groups)


# --- who reaches whom, by np-guard ---

def oracle():
    """{(source, destination): services} of the analyser; internet is `internet`."""
    said = {}
    with open(os.path.join(HERE, "np-guard/sg_1.connectivity.txt")) as file:
        for line in file:
            match = re.match(r"(.+) => (.+) : (.+)", line.strip())
            if not match:
                continue
            ends = [re.search(r"\[(.*)\]", end)[1] + "/32" if "[" in end else "internet"
                    for end in match.groups()[:2]]
            services = match[3].replace("All Connections", "any").replace(
                "protocol: TCP dst-ports: ", "tcp/").replace("protocol: TCP", "tcp/0-65535")
            check(f"oracle: {services}", re.fullmatch(r"any|tcp/[0-9-]+", services))
            said[tuple(ends)] = services
    return said


def answers(services, asked):
    if services is None:
        return False
    if services == "any":
        return True
    low, _, high = services[4:].partition("-")
    return asked.startswith("tcp/") and int(low) <= int(asked[4:]) <= int(high or low)


def test_oracle():
    said = oracle()
    ends = sorted({end for pair in said for end in pair})
    check("oracle: its hosts", len(ends) == 6 and len(said) == 13, f"{ends} {len(said)}")
    policy, text = draft(os.path.join(HERE, "np-guard/sg_1.json"))
    expected = []
    for source in ends:
        for target in ends:
            if source == target:
                continue
            services = said.get((source, target))
            for asked in ("tcp/9080", "tcp/22", "udp/53", "icmp/8/0"):
                end = subprocess.run(
                    [TOOL, "query", policy, f"{source} -> {target} on {asked} in vpcid-22"],
                    capture_output=True, text=True)
                check(f"oracle: {source} -> {target} on {asked}",
                      end.returncode == (0 if answers(services, asked) else 1),
                      end.stdout + end.stderr)
            # and all of it, not only these packets
            if services:
                expected.append(f"expect yes: {source} -> {target} on {services} in vpcid-22;")
            if services != "any":
                rest = f"(any except {services})" if services else "any"
                expected.append(f"expect no: {source} -> {target} on {rest} in vpcid-22;")
    both = os.path.join(WORK, "oracle.fbk")
    with open(both, "w") as file:
        file.write(text + "\n".join(expected) + "\n")
    run("check", both, words=(f"{len(expected)} expectations, 0 not met",))


# --- what no capture of the above has ---

def group(ident, name, ingress=(), egress=(), **more):
    return {"GroupId": ident, "GroupName": name, "Description": "d", "VpcId": "vpc-1",
            "IpPermissions": list(ingress), "IpPermissionsEgress": list(egress), **more}


def permission(protocol, low=None, high=None, **peers):
    ends = {} if low is None else {"FromPort": low, "ToPort": high}
    return {"IpProtocol": protocol, **ends, **peers}


def test_said():
    """Protocols, families, prefix lists, whole rules, names that become one word."""
    v4, v6 = {"IpRanges": [{"CidrIp": "192.0.2.0/24"}]}, {"Ipv6Ranges": [{"CidrIpv6": "2001:db8:5::/48"}]}
    web = {"UserIdGroupPairs": [{"GroupId": "sg-1", "Description": 'a "b" \\ c > é'}]}
    db = {"UserIdGroupPairs": [{"GroupId": "sg-2"}]}
    groups = [
        group("sg-1", "Web & Co", [permission("50", **v4), permission("icmpv6", -1, -1, **v6),
                                   permission("icmpv6", 128, 0, **v6), permission("-1", **v6),
                                   permission("tcp", 0, 65535, **v6)],
              [permission("tcp", 5432, 5432, **db), permission("tcp", 443, 443, PrefixListIds=[
                  {"PrefixListId": "pl-1"}])]),
        group("sg-2", "web co", [permission("tcp", 5432, 5432, **web)]),
        group("sg-3", "in", [permission("icmp", 3, 4, **v4), permission("icmp", 8, -1, **v4)]),
        group("sg-4", "x" * 255),
        group("sg-5", 'evil"; allow any -> any on any;\n# \\', [permission("udp", 1, 2, **db)]),
    ]
    capture = {"SecurityGroups": groups, "PrefixLists": [
        {"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.us-east-1.s3"}]}
    path = save(capture, "said.json")
    policy, text = draft(path)
    check("a whole rule is one", "web-co-to-web-co-2:" in text.replace(" ", "") and
          text.count("tcp/5432") == 1, text)
    run("prove", policy, path)
    run("fmt", "--check", os.path.join(policy, "main.fbk"))


def test_not_said():
    web = {"UserIdGroupPairs": [{"GroupId": "sg-1"}]}
    v6 = {"Ipv6Ranges": [{"CidrIpv6": "2001:db8:5::/48"}]}
    gone = {"UserIdGroupPairs": [{"GroupId": "sg-9", "PeeringStatus": "deleted"}]}
    capture = {"SecurityGroups": [
        group("sg-1", "web", [permission("icmp", 8, 0, **v6), permission("icmp", 8, 0, **web),
                              permission("tcp", 1, 1, **gone), permission("tcp", 2, 2, **web),
                              permission("tcp", 3, 3, PrefixListIds=[{"PrefixListId": "pl-1"}]),
                              permission("tcp", 4, 4, UserIdGroupPairs=[{"GroupId": "sg-2"}])]),
        {**group("sg-2", "other"), "VpcId": "vpc-2"}],
        "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1",
                               "PrivateIpAddress": "10.0.0.1",
                               "Groups": [{"GroupId": "sg-1"}, {"GroupId": "sg-2"}]}]}
    gaps = ("2001:db8:5::/48 on icmp/8/0", "sg-1 on icmp/8/0", "sg-9 on tcp/1: a stale rule",
            "pl-1 on tcp/3", "sg-2 on tcp/4: a group of another VPC", "eni-1 carries web, other")
    path = save(capture)
    policy, text = draft(path, code=1, words=(*gaps, "leaves out 6", "P0610"))
    check("what is not said stands in the draft", all(gap in text for gap in gaps), text)
    check("and what is said too", "tcp/2" in text, text)
    run("check", policy)
    run("init", policy, "--from", path, code=2, words=("is there already",))


def test_places():
    capture = {"SecurityGroups": [group("sg-1", "web", [permission(
        "tcp", 443, 443, IpRanges=[{"CidrIp": "10.0.1.0/24"}])]), group("sg-2", "db")],
        "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
        "Reservations": [{"Instances": [{"InstanceId": "i-1", "NetworkInterfaces": [
            {"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "PrivateIpAddress": "10.0.1.7",
             "Ipv6Addresses": [{"Ipv6Address": "2001:db8:7::1"}],
             "Groups": [{"GroupId": "sg-1"}]}]}]}]}
    path = save(capture)
    policy, text = draft(path)
    check("addresses of interfaces", "10.0.1.7/32" in text and "2001:db8:7::1/128" in text and
          "allow 10.0.1.0/24 -> web" in text, text)
    run("prove", policy, path)


# --- several files ---

def whole_subnets(places):
    """{group: subnets} by a plain reading: where all interfaces carry that one alone."""
    carried = {}
    for interface in places["NetworkInterfaces"]:
        carried.setdefault(interface["SubnetId"], []).append(
            [group["GroupId"] for group in interface["Groups"]])
    vpcs = {subnet["SubnetId"]: subnet["VpcId"] for subnet in places["Subnets"]}
    whole = {}
    for subnet, groups in carried.items():
        if subnet in vpcs and all(one == groups[0] and len(one) == 1 for one in groups):
            whole.setdefault(groups[0][0], set()).add(subnet)
    return whole


def test_subnets(name):
    """Groups and, in a file of its own, where they are."""
    path, others = (os.path.join(HERE, f"{name}{end}.json") for end in ("", ".places"))
    with open(path) as file:
        groups = groups_of(json.load(file))
    with open(others) as file:
        places = json.load(file)
    policy, text = draft(path, others)
    whole = whole_subnets({**places, "NetworkInterfaces": [
        one for one in places["NetworkInterfaces"]]})
    found = {}
    environment = ""
    ids = {(m[1], m[2]): m[3] for m in re.finditer(r'security-group (\S+)\.(\S+) +"(.*)";', text)}
    layer = ""
    for line in text.splitlines():
        start = re.match(r"environment (\S+) \{", line)
        environment = start[1] if start else environment
        layer = (re.match(r"  layer (\S+)", line) or [0, layer])[1]
        for subnet in re.findall(r"subnet-[0-9a-f]+", line.partition("#")[2]):
            found.setdefault(ids[environment, layer], set()).add(subnet)
    here = {group["GroupId"] for group in groups}
    check(f"{name}: subnets", found == {g: s for g, s in whole.items() if g in here},
          f"{found}\n{whole}")
    blocks = {subnet["SubnetId"]: subnet["CidrBlock"] for subnet in places["Subnets"]}
    check(f"{name}: their addresses", all(blocks[subnet] in text for subnets in found.values()
                                          for subnet in subnets), text)
    run("fmt", "--check", os.path.join(policy, "main.fbk"))
    rules = rules_of(groups)
    got = emitted(policy, text)
    check(f"{name}: every rule, with subnets", sorted(set(got)) == sorted(set(rules)),
          f"lost {set(rules) - set(got)}\nnew {set(got) - set(rules)}")
    run("prove", policy, path, words=("equal",))
    # each VPC's groups in a file, and their rules once more
    pages = [save({"SecurityGroups": [g for g in groups if g["VpcId"] == vpc]}, f"{vpc}.json")
             for vpc in {g["VpcId"] for g in groups}]
    rules = save(as_rules(groups), "rules.json")
    _, again = draft(*pages, path, others)
    check(f"{name}: the same of several files", len(pages) > 1 or
          again.partition("environments ")[2] == text.partition("environments ")[2], again)
    draft(*pages, rules, others)
    run("prove", os.path.join(WORK, "policy"), path, words=("equal",))


def test_several():
    one, two = group("sg-1", "web"), group("sg-2", "db", [permission(
        "tcp", 1, 1, UserIdGroupPairs=[{"GroupId": "sg-1"}])])
    first, last = save({"SecurityGroups": [one], "NextToken": "x"}, "1.json"), save(
        {"status_code": 200, "data": {"SecurityGroups": [two, one]}}, "2.json")
    _, text = draft(first, last, words=("P0617", "2 pages of SecurityGroups"))
    check("both pages", "web-to-db" in text or "db-from-web" in text, text)
    draft_refused = (
        ((first, first), "not complete"),
        ((last, save({"SecurityGroups": [group("sg-1", "other")]}, "3.json")), "id twice"),
        ((last, save({"Nothing": [1, {"a": "]}"}]}, "4.json")), "Nothing"),
        ((last, save([1], "5.json")), "not an object"),
        ((last, save({"Subnets": [{"SubnetId": "s", "CidrBlock": "x", "VpcId": "v"}]},
                     "6.json")), "not an IPv4 prefix"),
        ((last, save({"SecurityGroupRules": as_rules([one])["SecurityGroupRules"]}, "7.json")),
         "different moments"),
    )
    for files, word in draft_refused:
        run("init", os.path.join(WORK, "none"), *(w for f in files for w in ("--from", f)),
            code=2, words=(word,))
    odd = group("sg-3", 'a "quoted" \\ [name]', [permission("udp", 1, 2, IpRanges=[
        {"CidrIp": "192.0.2.0/24", "Description": 'b\\" ], } {'}])])
    _, text = draft(last, save({"SecurityGroups": [odd], "Vpcs": []}, "8.json"))
    check("brackets in texts", "udp/1-2" in text and "192.0.2.0/24" in text, text)


def test_start():
    policy = os.path.join(WORK, "start/here")
    run("init", policy)
    run("fmt", "--check", os.path.join(policy, "main.fbk"))
    run("check", policy)
    run("compile", policy, "-o", os.path.join(WORK, "start-out"))
    run("init", policy, code=2, words=("stays as it is",))
    run("init", "-", words=("language 1;",))
    for text in ("", "[]", "{}", '{"SecurityGroups": []}', '{"SecurityGroups": [{}]}',
                 '{"SecurityGroups": [{"GroupId": 1}]}', '{"SecurityGroups": 1, "GroupId": 1}'):
        path = os.path.join(WORK, "bad.json")
        with open(path, "w") as file:
            file.write(text)
        run("init", os.path.join(WORK, "none"), "--from", path, code=2, words=("P0601",))
    check("nothing was written", not os.path.exists(os.path.join(WORK, "none")))


for capture, size in CAPTURES.items():
    test_capture(capture, size)
test_oracle()
test_said()
test_not_said()
def test_defaults():
    """What AWS makes groups with is one rule, from three groups on; other rules stay."""
    out = permission("-1", IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    said = permission("-1", IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "on purpose"}])
    groups = [group(f"sg-{i}", f"g{i}", [], [out]) for i in range(3)] + [
        group("sg-8", "said", [], [said]), group("sg-9", "closed")]
    path = save({"SecurityGroups": groups}, "defaults.json")
    policy, text = draft(path)
    check("one rule for three groups", "allow g0, g1, g2 -> any on any outbound;" in text and
          text.count("-> any") == 2 and 'reason "on purpose"' in text, text)
    check("every rule of them", sorted(emitted(policy, text)) == sorted(rules_of(groups)), text)
    run("prove", policy, path, words=("equal",))
    _, text = draft(save({"SecurityGroups": groups[:2]}, "defaults.json"))
    check("two are two rules", "g0-to-anywhere:" in text and "g1-to-anywhere:" in text, text)


test_places()
test_defaults()
PLACES = [name[:-5] for name in CAPTURES
          if os.path.exists(os.path.join(HERE, name[:-5] + ".places.json"))]
check("captures with places", len(PLACES) == 6, PLACES)
for capture in PLACES:
    test_subnets(capture)
test_several()
test_start()
subprocess.run(["rm", "-rf", WORK])
print(f"captures: {len(CAPTURES)} accounts, {done} checks, {failed} failed")
sys.exit(1 if failed else 0)

#!/usr/bin/env python3
"""One account, told truly and then otherwise: `prove` says equal once, and never again.

What `compile -t ec2` makes of the policy below is given the ids, owners and VPCs that an
account has.  Every case of the table is that account with one thing changed: a line that
admits more, something that says less than is needed, or two things that cannot both be
true.  Whatever is not exactly the policy must not be called equal.
"""
import copy
import ipaddress
import json
import os
import random
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.path.realpath(os.environ.get("FIREBREAK", os.path.join(TOP, "build/firebreak")))
WORK = tempfile.mkdtemp()
OWNER = {"prod": "111122223333", "stage": "444455556666"}
VPC = {"prod": "vpc-0000000a", "stage": "vpc-0000000b"}
failed = 0
done = 0

POLICY = """
language 1;
policy shop "a shop";
environments prod, stage;
layer web; layer db; layer ops; layer quiet;
network office   via vpn = 192.168.0.0/24;
network s3       prefix-list "com.amazonaws.{region}.s3" via endpoint;
network partners prefix-list "partners" via nat = 198.51.100.0/24;
environment prod {
  account 111122223333; region us-east-1; vpc 10.0.0.0/16, 2001:db8:a::/56; peer stage;
  layer web 10.0.0.0/24; layer db 10.0.1.0/24; layer ops 10.0.2.0/24, 2001:db8:a:2::/64;
  layer quiet 10.0.3.0/24;
}
environment stage {
  account 444455556666; region us-east-1; vpc 10.1.0.0/16; peer prod;
  layer web 10.1.0.0/24; layer ops 10.1.2.0/24;
}
office:   allow office -> web on tcp/443;
sql:      allow web -> db on tcp/5432;
pull:     allow web -> s3 on tcp/443;
partner:  allow web -> partners on tcp/443;
watch:    allow ops -> web, db on tcp/22;
mend:     allow stage.ops -> prod.ops on tcp/22;
"""


def check(what, good, said=""):
    global failed, done
    done += 1
    if not good:
        failed += 1
        print(f"FAIL {what}\n{said}")


def run(*arguments, cwd=WORK):
    end = subprocess.run([TOOL, *arguments], capture_output=True, text=True, cwd=cwd)
    return end.returncode, end.stdout + end.stderr


def save(name, content):
    path = os.path.join(WORK, name)
    with open(path, "w") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))
    return path


# --- the account ---

def tag(group, key):
    return next((t["Value"] for t in group.get("Tags", []) if t["Key"] == key), None)


def owned(groups, lists, environment, number):
    """The groups of one environment as the API would tell of them."""
    ids = {g["GroupId"]: f"sg-{number}{i:07x}" for i, g in enumerate(groups)}
    for group in groups:
        group.update(GroupId=ids[group["GroupId"]], OwnerId=OWNER[environment],
                     VpcId=VPC[environment])
        group["SecurityGroupArn"] = (f"arn:aws:ec2:us-east-1:{OWNER[environment]}:"
                                     f"security-group/{group['GroupId']}")
        for direction in ("IpPermissions", "IpPermissionsEgress"):
            for permission in group[direction]:
                for pair in permission.get("UserIdGroupPairs", []):
                    pair.update(GroupId=ids[pair["GroupId"]], UserId=OWNER[environment])
                for entry in permission.get("PrefixListIds", []):
                    entry["PrefixListId"] = lists[entry["PrefixListId"]]
    return groups


def account(policy):
    code, said = run("compile", policy, "-t", "ec2", "-o", "out")
    check("the policy compiles", code == 0, said)
    lists = {"com.amazonaws.us-east-1.s3": "pl-s3", "partners": "pl-partners"}
    groups = []
    for number, environment in enumerate(("prod", "stage")):
        with open(os.path.join(WORK, "out", environment, "aws.ec2.json")) as file:
            groups += owned(json.load(file)["SecurityGroups"], lists, environment, number)
        groups.append({
            "GroupId": f"sg-d{number}", "GroupName": "default", "VpcId": VPC[environment],
            "OwnerId": OWNER[environment], "Description": "default VPC security group",
            "IpPermissions": [], "IpPermissionsEgress": []})
    return {"SecurityGroups": groups, "PrefixLists": [
        {"PrefixListId": ident, "PrefixListName": name} for name, ident in lists.items()]}


def group(seen, layer, environment="prod"):
    return next(g for g in seen["SecurityGroups"]
                if tag(g, "firebreak:layer") == layer and
                tag(g, "firebreak:environment") == environment)


def default(seen, environment="prod"):
    return next(g for g in seen["SecurityGroups"]
                if g["GroupName"] == "default" and g["VpcId"] == VPC[environment])


def stranger(seen, **more):
    seen["SecurityGroups"].append({
        "GroupId": "sg-9", "GroupName": "by hand", "Description": "x", "VpcId": VPC["prod"],
        "OwnerId": OWNER["prod"], "IpPermissions": [], "IpPermissionsEgress": [], **more})


def permission(protocol, low, high, **peers):
    ends = {} if low is None else {"FromPort": low, "ToPort": high}
    return {"IpProtocol": protocol, **ends, **peers}


def add(layer, *arguments, direction="IpPermissions", environment="prod", **peers):
    def change(seen):
        group(seen, layer, environment)[direction].append(permission(*arguments, **peers))
    return change


def pairs(seen, layer, key="UserIdGroupPairs", direction="IpPermissions"):
    return next(p for p in group(seen, layer)[direction] if p.get(key))[key]


def rules_of(seen):
    """The same as describe-security-group-rules tells it."""
    peers = (("IpRanges", "CidrIp", "CidrIpv4"), ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
             ("PrefixListIds", "PrefixListId", "PrefixListId"))
    out = []
    for one in seen["SecurityGroups"]:
        for egress, key in enumerate(("IpPermissions", "IpPermissionsEgress")):
            for p in one[key]:
                base = {"GroupId": one["GroupId"], "GroupOwnerId": one["OwnerId"],
                        "IsEgress": bool(egress), "IpProtocol": p["IpProtocol"],
                        "FromPort": p.get("FromPort", -1), "ToPort": p.get("ToPort", -1)}
                for kind, name, other in peers:
                    out += [{**base, other: peer[name]} for peer in p.get(kind, [])]
                out += [{**base, "ReferencedGroupInfo": {
                    k: v for k, v in pair.items() if k != "Description"}}
                    for pair in p.get("UserIdGroupPairs", [])]
    return [{"SecurityGroupRuleId": f"sgr-{i}", **rule} for i, rule in enumerate(out)]


# --- the table ---

CASES = []


def case(what, code, *words, equal=None):
    """A change of the account, what `prove` answers then, and words of it."""
    def keep(change):
        CASES.append((what, change, code, words))
        return change
    return keep


def lines(*rows):
    for what, change, code, *words in rows:
        CASES.append((what, change, code, words))


def drop(layer, environment="prod"):
    def change(seen):
        seen["SecurityGroups"].remove(group(seen, layer, environment))
    return change


def swap_tags(a, b):
    def change(seen):
        one, other = group(seen, a), group(seen, b)
        one["Tags"], other["Tags"] = other["Tags"], one["Tags"]
    return change


def swap_all(a, b):
    def change(seen):
        swap_tags(a, b)(seen)
        one, other = group(seen, a), group(seen, b)
        one["GroupName"], other["GroupName"] = other["GroupName"], one["GroupName"]
    return change


def on_pair(layer, **said):
    def change(seen):
        pairs(seen, layer)[0].update(said)
    return change


def on_group(layer, environment="prod", **said):
    def change(seen):
        group(seen, layer, environment).update(said)
    return change


def all_pairs(seen):
    return [pair for g in seen["SecurityGroups"]
            for p in g["IpPermissions"] + g["IpPermissionsEgress"]
            for pair in p.get("UserIdGroupPairs", [])]


def peer_of(seen, **said):
    return {"GroupId": group(seen, "ops", "stage")["GroupId"], "UserId": OWNER["stage"],
            "VpcId": VPC["stage"], "VpcPeeringConnectionId": "pcx-1",
            "PeeringStatus": "active", **said}


def by_group(**said):
    """What stage.ops may do in prod, by its group instead of its addresses."""
    def change(seen):
        p = next(p for p in group(seen, "ops")["IpPermissions"] if p.get("IpRanges"))
        assert p.pop("IpRanges")[0]["CidrIp"] == "10.1.2.0/24"
        p["UserIdGroupPairs"] = [peer_of(seen, **said)]
    return change


ANY4, ANY6 = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
NINE = {"UserIdGroupPairs": [{"GroupId": "sg-9", "UserId": OWNER["prod"]}]}

lines(
    ("as it is", lambda seen: None, 0),

    # groups that are not there, and groups of others
    ("a layer's group is missing", drop("db"), 2, "P0612", "`db` of prod"),
    ("one without rules is missing", drop("quiet"), 2, "P0612", "`quiet` of prod"),
    ("a whole environment is missing", lambda seen: seen["SecurityGroups"].__setitem__(
        slice(None), [g for g in seen["SecurityGroups"] if g["VpcId"] == VPC["prod"]]), 0),
    ("in from a group that is not there", add("web", "tcp", 22, 22, **NINE), 1,
     "the group sg-9", "port 22", "nobody's here"),
    ("out to a group that is not there",
     add("web", "tcp", 22, 22, direction="IpPermissionsEgress", **NINE), 1, "the group sg-9"),
    ("in from a group of nobody", lambda seen: (
        stranger(seen), add("quiet", "tcp", 22, 22, **NINE)(seen)), 1, "sg-9 (by hand)"),
    ("a group of nobody lets out to ours", lambda seen: stranger(seen, IpPermissionsEgress=[
        permission("tcp", 1, 1, UserIdGroupPairs=[
            {"GroupId": group(seen, "web")["GroupId"], "UserId": OWNER["prod"]}])]), 0,
     "P0607", "sg-9 (by hand)"),
    ("in from a group of another environment that is no peer's",
     lambda seen: group(seen, "web")["IpPermissions"].append(permission(
         "tcp", 22, 22, UserIdGroupPairs=[{"GroupId": group(seen, "web", "stage")["GroupId"],
                                           "UserId": OWNER["stage"]}])), 1, "stage.web"),
    ("in from a load balancer of AWS", add("web", "tcp", 80, 80, UserIdGroupPairs=[
        {"GroupId": "sg-843f59ed", "GroupName": "amazon-elb-sg", "UserId": "amazon-elb"}]), 1,
     "sg-843f59ed"),

    # references that are not what they are called
    ("the same id of another account", on_pair("db", UserId=OWNER["stage"]), 2, "P0601"),
    ("the same id of another account in every rule", lambda seen: [
        pair.update(UserId="999988887777") for pair in all_pairs(seen)
        if pair["GroupId"] == group(seen, "web")["GroupId"]], 1, "nobody's here"),
    ("an account that nobody can tell", lambda seen: [
        pair.pop("UserId") for pair in all_pairs(seen)], 0),
    ("a group in place of its prefix, over a peering", by_group(), 0),
    ("the same, and the peering is deleted", by_group(PeeringStatus="deleted"), 1),
    ("the same of another account", by_group(UserId="999988887777"), 1),
    ("the same group for another port", lambda seen: (by_group()(seen), add(
        "ops", "tcp", 23, 23, UserIdGroupPairs=[peer_of(seen)])(seen)), 1, "stage.ops", "port 23"),
    ("a peering that is deleted", on_pair("db", PeeringStatus="deleted"), 1, "nobody's here"),
    ("a peering that is being made", on_pair("db", PeeringStatus="pending-acceptance"), 1),
    ("a peering within a VPC", on_pair("db", VpcPeeringConnectionId="pcx-1",
                                       PeeringStatus="active"), 1),
    ("the group in another VPC", on_pair("db", VpcId="vpc-9"), 1),
    ("the group in its VPC", on_pair("db", VpcId=VPC["prod"], PeeringStatus="active"), 0),
    ("two references that contradict each other", lambda seen: [
        p.update(PeeringStatus=s) for p, s in zip(
            [q["UserIdGroupPairs"][0] for g in seen["SecurityGroups"]
             for q in g["IpPermissions"] + g["IpPermissionsEgress"]
             if q.get("UserIdGroupPairs")
             and q["UserIdGroupPairs"][0]["GroupId"] == group(seen, "web")["GroupId"]],
            ("active", "deleted"))], 2, "P0601", "something else"),

    # whose a group is
    ("a group of another account", on_group("db", OwnerId="999988887777", SecurityGroupArn=None), 2,
     "P0611", "account"),
    ("all of another account", lambda seen: [
        g.update(OwnerId="999988887777", SecurityGroupArn=None) for g in seen["SecurityGroups"]],
     2, "P0611", "111122223333"),
    ("an ARN of another account", on_group("db", SecurityGroupArn=(
        "arn:aws:ec2:us-east-1:999988887777:security-group/sg-00000000")), 2, "P0601", "another group or account"),
    ("all of another Region", lambda seen: [
        g.update(SecurityGroupArn=g["SecurityGroupArn"].replace("us-east-1", "eu-west-1"))
        for g in seen["SecurityGroups"] if "SecurityGroupArn" in g], 2, "P0611", "eu-west-1"),
    ("a group of another VPC", on_group("db", VpcId="vpc-9"), 2, "P0611", "vpc-9"),
    ("two environments in one VPC", lambda seen: [
        g.update(VpcId="vpc-1") for g in seen["SecurityGroups"]], 2, "P0611",
     "a VPC of its own"),
    ("a VPC twice with equal names", lambda seen: seen["SecurityGroups"].extend(
        {**copy.deepcopy(g), "GroupId": g["GroupId"] + "f", "VpcId": "vpc-9",
         "SecurityGroupArn": None} for g in list(seen["SecurityGroups"])), 2, "P0611", "vpc-9"),
    ("two groups with the same tags", lambda seen: seen["SecurityGroups"].append(
        {**copy.deepcopy(group(seen, "db")), "GroupId": "sg-8", "SecurityGroupArn": None}), 2,
     "second group"),
    ("tags that a name contradicts", swap_tags("web", "db"), 2, "P0611", "called like"),
    ("two groups that changed places", swap_all("web", "db"), 1, "not equal"),
    ("two groups that changed places, one empty", swap_all("ops", "quiet"), 1),
    ("a tag less", lambda seen: group(seen, "db")["Tags"].remove(
        next(t for t in group(seen, "db")["Tags"] if t["Key"] == "firebreak:layer")), 2),
    ("a layer that nobody has", lambda seen: next(
        t for t in group(seen, "db")["Tags"] if t["Key"] == "firebreak:layer").update(
            Value="nobody"), 2),
)

# --- lines that admit more ---
lines(
    ("IPv4", add("web", "tcp", 22, 22, **ANY4), 1, "port 22"),
    ("half of IPv4", add("web", "tcp", 22, 22, IpRanges=[{"CidrIp": "0.0.0.0/1"}]), 1),
    ("half a rule between layers", lambda seen: group(seen, "db")["IpPermissions"].append(
        permission("udp", 9, 9, UserIdGroupPairs=[
            {"GroupId": group(seen, "ops")["GroupId"], "UserId": OWNER["prod"]}])), 1, "port 9"),
    ("all protocols with a port", add("web", "-1", 443, 443, IpRanges=[
        {"CidrIp": "192.168.0.0/24"}]), 1),
    ("a number with a port", add("web", "47", 443, 443, **ANY4), 1),
    ("ICMP of IPv4 over IPv6", add("ops", "icmp", 8, 0, **ANY6), 1),
    ("the range next to it", add("web", "tcp", 444, 444, IpRanges=[
        {"CidrIp": "192.168.0.0/24"}]), 1, "port 444"),
    ("a prefix with host bits", add("web", "tcp", 22, 22, IpRanges=[
        {"CidrIp": "203.0.113.7/0"}]), 1, "P0606"),
    ("IPv6 for a layer that has IPv6", add("ops", "tcp", 80, 80, **ANY6), 1, "port 80"),
    ("IPv6 for a layer that has none", add("web", "tcp", 22, 22, **ANY6), 1, "port 22",
     "web, inbound from ::/0"),
    ("IPv6 out of a layer that has none",
     add("web", "-1", None, None, direction="IpPermissionsEgress", **ANY6), 1),
    ("IPv6 in a VPC that has none", add("web", "tcp", 22, 22, environment="stage", **ANY6), 1,
     "web, inbound from ::/0"),
    ("a list for a port more", add("web", "tcp", 80, 80, PrefixListIds=[
        {"PrefixListId": "pl-s3"}], direction="IpPermissionsEgress"), 1, "port 80"),
    ("a list whose name nobody tells", add("web", "tcp", 80, 80, PrefixListIds=[
        {"PrefixListId": "pl-9"}]), 2, "whose name nobody tells"),
)


def told(**of):
    """What describe-prefix-lists tells beside the names."""
    def change(seen):
        for one in seen["PrefixLists"]:
            if one["PrefixListName"] in of:
                one.update(of[one["PrefixListName"]])
    return change


lines(
    ("a list with the entries that are declared", told(partners={
        "AddressFamily": "IPv4", "Cidrs": ["198.51.100.0/25", "198.51.100.128/25"]}), 0),
    ("a list with more", told(partners={"Cidrs": ["198.51.100.0/24", "203.0.113.0/24"]}), 1,
     "203.0.113", "web, outbound to partners"),
    ("a list with less", told(partners={"Cidrs": ["198.51.100.0/25"]}), 1, "lacks a packet"),
    ("an empty list", told(partners={"Cidrs": []}), 1, "lacks a packet"),
    ("a list of the other family", told(partners={"AddressFamily": "IPv6"}), 2, "IPv6"),
    ("a list of AWS whatever is in it", told(**{"com.amazonaws.us-east-1.s3": {
        "Cidrs": ["3.5.0.0/19"]}}), 0),
    ("two lists of one name", lambda seen: (
        seen["PrefixLists"].append({"PrefixListId": "pl-9", "PrefixListName": "partners"}),
        add("web", "tcp", 443, 443, direction="IpPermissionsEgress",
            PrefixListIds=[{"PrefixListId": "pl-9"}])(seen)), 2, "another one has its name"),
    ("two lists of one name, the other one in its place", lambda seen: (
        seen["PrefixLists"].append({"PrefixListId": "pl-9", "PrefixListName": "partners"}),
        [entry.update(PrefixListId="pl-9") for g in seen["SecurityGroups"]
         for p in g["IpPermissionsEgress"] for entry in p.get("PrefixListIds", [])
         if entry["PrefixListId"] == "pl-partners"]), 2, "another one has its name"),
    ("the list of another Region", told(**{"com.amazonaws.us-east-1.s3": {
        "PrefixListName": "com.amazonaws.eu-west-1.s3"}}), 2),
    ("a group that does not say its rules", lambda seen: [
        group(seen, "quiet").pop(key) for key in ("IpPermissions", "IpPermissionsEgress")], 2,
     "does not say its rules"),
    ("null in place of rules", lambda seen: group(seen, "web").update(IpPermissions=None), 1),
)


def vpcs(**more):
    def change(seen):
        seen["Vpcs"] = [{"VpcId": VPC["prod"], "CidrBlock": "10.0.0.0/16", **more}]
    return change


def blocks(*all_of_them):
    return vpcs(CidrBlockAssociationSet=[
        {"CidrBlock": block, "CidrBlockState": {"State": state}} for block, state in all_of_them])


lines(
    ("the VPC as it is declared", vpcs(), 0),
    ("the VPC with both families", vpcs(Ipv6CidrBlockAssociationSet=[
        {"Ipv6CidrBlock": "2001:db8:a::/56"}]), 0),
    ("a VPC with a block more", blocks(("10.0.0.0/16", "associated"),
                                       ("100.64.0.0/16", "associated")), 2, "P0611",
     "100.64.0.0/16"),
    ("a VPC that lost a block", blocks(("10.0.0.0/16", "associated"),
                                       ("100.64.0.0/16", "disassociated")), 0),
    ("a VPC that is larger", vpcs(CidrBlock="10.0.0.0/15"), 2, "P0611"),
    ("a VPC of another IPv6", vpcs(Ipv6CidrBlockAssociationSet=[
        {"Ipv6CidrBlock": "2001:db8:b::/56"}]), 2, "P0611", "2001:db8:b::/56"),
    ("ICMPv6 over IPv4", add("ops", "icmpv6", 128, 0, **ANY4), 1),
    ("ICMP of every code", add("ops", "icmp", 8, -1, **ANY4), 1),
    ("a code without a type", add("ops", "icmp", -1, 0, **ANY4), 2),
    ("a port in words", add("web", "tcp", "22", "22", **ANY4), 2),
    ("a port with a point", add("web", "tcp", 22.5, 22.5, **ANY4), 2),
    ("a port that is true", add("web", "tcp", True, True, **ANY4), 2),
    ("ports the other way", add("web", "tcp", 23, 22, **ANY4), 2),
    ("an IPv6 prefix among IPv4", add("web", "tcp", 22, 22, IpRanges=[{"CidrIp": "::/0"}]), 2),
    ("two peers in one place", add("web", "tcp", 22, 22, IpRanges=[
        {"CidrIp": "10.0.0.0/24", "CidrIpv6": "::/0"}]), 2),
    ("a member that nobody knows", lambda seen: group(seen, "web").update(IpPermission=[]), 2),
    ("rules of a group that is not among the groups", lambda seen: (
        seen.update(SecurityGroupRules=rules_of(seen)),
        seen["SecurityGroupRules"].append({**seen["SecurityGroupRules"][0], "GroupId": "sg-77",
                                           "SecurityGroupRuleId": "sgr-x"})), 0, "P0607", "sg-77"),
)

# --- the default group ---

AS_MADE = {"IpPermissionsEgress": [permission("-1", None, None, **ANY4)]}


def made(environment="prod", **more):
    def change(seen):
        one = default(seen, environment)
        one.update(copy.deepcopy(AS_MADE), **more)
        one["IpPermissions"] = [permission("-1", None, None, UserIdGroupPairs=[
            {"GroupId": one["GroupId"], "UserId": one["OwnerId"]}])]
    return change


lines(
    ("the default group as AWS makes it", made(), 1, "default group: ", "sg-d0"),
    ("that of one environment of two", made("stage"), 1, "seen.json, stage", "sg-d1"),
    ("it lets everything out", lambda seen: default(seen).update(copy.deepcopy(AS_MADE)), 1,
     "default group: egress", "the default group, outbound to 0.0.0.0/0: sg-d0"),
    ("it lets in from one of ours", lambda seen: default(seen)["IpPermissions"].append(
        permission("tcp", 1, 1, UserIdGroupPairs=[
            {"GroupId": group(seen, "web")["GroupId"], "UserId": OWNER["prod"]}])), 1,
     "the default group, inbound from web"),
    ("it lets out over IPv6", lambda seen: default(seen, "stage")["IpPermissionsEgress"].append(
        permission("tcp", 1, 1, **ANY6)), 1, "the default group, outbound to ::/0"),
    ("it lets in from a list", lambda seen: default(seen)["IpPermissions"].append(
        permission("tcp", 1, 1, PrefixListIds=[{"PrefixListId": "pl-partners"}])), 1,
     "the default group, inbound from partners"),
    ("in from the default group", add("web", "tcp", 22, 22, UserIdGroupPairs=[
        {"GroupId": "sg-d0", "UserId": OWNER["prod"]}]), 1, "sg-d0 (default)"),
    ("a capture without it", lambda seen: seen["SecurityGroups"].remove(default(seen)), 0,
     "P0613", "vpc-0000000a", "describe-security-groups --filters"),
    ("the one of another VPC in its place", lambda seen: default(seen).update(VpcId="vpc-9"), 0,
     "P0613", "P0607"),
    ("the one of another VPC as AWS makes it", lambda seen: seen["SecurityGroups"].append(
        {**copy.deepcopy(default(seen)), "GroupId": "sg-d9", "VpcId": "vpc-9", **AS_MADE}), 0,
     "P0607", "sg-d9 (default)"),
)

# --- what is not understood ---
lines(
    ("no ports", add("web", "tcp", None, None, **ANY4), 2),
    ("one port of two", add("web", "tcp", None, None, FromPort=22, **ANY4), 2),
    ("no peers", add("web", "tcp", 22, 22), 2),
    ("no arrays", add("web", "tcp", 22, 22, IpRanges=None, UserIdGroupPairs=None), 2),
    ("protocol 300", add("web", "300", None, None, **ANY4), 2),
    ("a permission twice with other descriptions", lambda seen: [
        add("quiet", "tcp", 22, 22, IpRanges=[{"CidrIp": "192.168.0.0/24", "Description": d}])(seen)
        for d in ("a", "b")], 2, "the same as a rule before it"),
    ("more is to come", lambda seen: seen.update(NextToken="x"), 2, "NextToken"),
    ("more is to come, wrapped", lambda seen: seen.update(
        status_code=200, data=copy.deepcopy(seen), NextToken="x"), 2),
    ("a group twice with other rules", lambda seen: seen["SecurityGroups"].append(
        {**copy.deepcopy(group(seen, "web")), "IpPermissions": []}), 2, "an id twice"),
    ("rules that say the same", lambda seen: seen.update(SecurityGroupRules=rules_of(seen)), 0),
    ("rules that say less", lambda seen: seen.update(SecurityGroupRules=rules_of(seen)[1:]), 2,
     "other rules than SecurityGroups"),
    ("rules that say otherwise", lambda seen: (
        seen.update(SecurityGroupRules=rules_of(seen)),
        seen["SecurityGroupRules"][0].update(ToPort=444)), 2),
    ("rules of another account", lambda seen: (
        seen.update(SecurityGroupRules=rules_of(seen)),
        seen["SecurityGroupRules"][0].update(GroupOwnerId="999988887777")), 2),
)


def kept(truth):
    """A policy that leaves the default group as it is."""
    policy = save("kept.fbk", POLICY + "aws { keep-default-group; }\n")
    seen = copy.deepcopy(truth)
    made()(seen)
    code, said = run("prove", policy, save("seen.json", seen))
    check("a default group that is kept", code == 0 and "sg-d0 (default)" in said, said)
    add("web", "tcp", 22, 22, UserIdGroupPairs=[{"GroupId": "sg-d0"}])(seen)
    code, said = run("prove", policy, save("seen.json", seen))
    check("and lets into ours", code == 1 and "sg-d0 (default)" in said, said)
    seen = copy.deepcopy(truth)
    seen["SecurityGroups"].remove(default(seen))
    code, said = run("prove", policy, save("seen.json", seen))
    check("nobody looks for it then", code == 0 and "P0613" not in said, said)


# --- interfaces: where a group's hosts are ---

LAYERS = {("prod", "web"): ["10.0.0.0/24"], ("prod", "db"): ["10.0.1.0/24"],
          ("prod", "ops"): ["10.0.2.0/24", "2001:db8:a:2::/64"], ("prod", "quiet"): ["10.0.3.0/24"],
          ("stage", "web"): ["10.1.0.0/24"], ("stage", "ops"): ["10.1.2.0/24"]}


def inside(host, layer):
    host = ipaddress.ip_network(host)
    return any(host.version == net.version and host.subnet_of(net)
               for net in map(ipaddress.ip_network, LAYERS[layer]))


def touches(host, layer):
    host = ipaddress.ip_network(host)
    return any(host.version == net.version and host.overlaps(net)
               for net in map(ipaddress.ip_network, LAYERS[layer]))


def belongs(one, whose):
    """By a plain reading: is this interface where its groups are?"""
    layers = {whose[g["GroupId"]] for g in one["Groups"] if g["GroupId"] in whose}
    hosts = [a["PrivateIpAddress"] for a in one["PrivateIpAddresses"]] + [
        a["Ipv6Address"] for a in one["Ipv6Addresses"]] + [
        a["Ipv4Prefix"] for a in one.get("Ipv4Prefixes", [])]
    environment = next(e for e, vpc in VPC.items() if vpc == one["VpcId"])
    if not layers:
        return not any(touches(host, layer) for host in hosts
                       for layer in LAYERS if layer[0] == environment)
    layer = min(layers)
    return (len(layers) == 1 and layer[0] == environment and
            all(inside(host, layer) for host in hosts))


def random_interface(dice, number, ids):
    environment = dice.choice(["prod", "prod", "stage"])
    layers = [layer for layer in LAYERS if layer[0] == environment]
    layer = dice.choice(layers)
    groups = [next(i for i, l in ids.items() if l == layer)]
    hosts = [str(ipaddress.ip_network(LAYERS[layer][0])[dice.randrange(1, 255)])]
    six = [str(ipaddress.ip_network(net)[5]) for net in LAYERS[layer][1:]]
    one = {"NetworkInterfaceId": f"eni-{number:03}", "VpcId": VPC[environment]}
    luck = dice.randrange(12)
    if luck == 0:
        groups = []
    elif luck == 1:
        groups.append(dice.choice(list(ids)))
    elif luck == 2:
        hosts.append(f"10.0.{dice.randrange(6)}.7")
    elif luck == 3:
        six.append("2001:db8:a:3::1")
    elif luck == 4:
        groups, hosts = ["sg-0f0f"], [f"10.{dice.randrange(2)}.{dice.randrange(6)}.7"]
    elif luck == 5:
        one["VpcId"] = dice.choice(list(VPC.values()))
    elif luck == 6:
        one["Ipv4Prefixes"] = [{"Ipv4Prefix": f"10.0.{dice.randrange(4)}.16/28"}]
    elif luck == 7:
        groups.append("sg-0f0f")
    return {**one, "Groups": [{"GroupId": g, "GroupName": "x"} for g in dict.fromkeys(groups)],
            "PrivateIpAddress": hosts[0],
            "PrivateIpAddresses": [{"PrivateIpAddress": host} for host in hosts],
            "Ipv6Addresses": [{"Ipv6Address": host} for host in six]}


def prove_all(policy, accounts):
    """(exit code, what is said of it) of each, by one process for all."""
    names = [f"one-{i:03}.json" for i in range(len(accounts))]
    for name, seen in zip(names, accounts):
        save(name, seen)
    end = subprocess.run([TOOL, "prove", policy, *names, "--format", "json"],
                         capture_output=True, text=True, cwd=WORK)
    found = [(one["file"], one["severity"] == "error", one["code"], one["message"])
             for one in json.loads(end.stdout)["findings"]]
    answers = []
    for name in names:
        own = [one for one in found if one[0] == name]
        codes = [1 if code == "P0603" else 2 for _, fails, code, _ in own if fails]
        answers.append((max(codes, default=0), "\n".join(" ".join(one[2:]) for one in own)))
    check("the worst of them is the exit code", end.returncode == max(a[0] for a in answers),
          end.stderr)
    return answers


def interfaces(truth):
    policy = os.path.join(WORK, "shop.fbk")
    ids = {g["GroupId"]: (tag(g, "firebreak:environment"), tag(g, "firebreak:layer"))
           for g in truth["SecurityGroups"] if g["GroupName"] != "default"}
    equal = 0
    dices = [random.Random(seed) for seed in range(60)]
    some = [[random_interface(dice, i, ids) for i in range(dice.randrange(1, 6))]
            for dice in dices]
    answers = prove_all(policy, [{**truth, "NetworkInterfaces": one} for one in some])
    for seed, (all_of_them, (code, said)) in enumerate(zip(some, answers)):
        wrong = [one for one in all_of_them if not belongs(one, ids)]
        equal += code == 0
        check(f"interfaces {seed}", code == (2 if wrong else 0) and all(
            (f"the interface {one['NetworkInterfaceId']} of" in said) == (one in wrong)
            for one in all_of_them), f"wanted {[w['NetworkInterfaceId'] for w in wrong]}\n"
            f"{json.dumps(all_of_them, indent=1)}\nexit {code}\n{said}")
        check(f"interfaces {seed}: a group of nobody's", all(
            ("P0609" in said) == any(len(o["Groups"]) > 1 and o["Groups"][-1]["GroupId"] == "sg-0f0f"
                                     for o in all_of_them) for _ in [0]), said)
    check("interfaces: some are as they should be", 10 < equal < 50, equal)

    good = {"NetworkInterfaceId": "eni-1", "VpcId": VPC["prod"], "PrivateIpAddress": "10.0.0.4",
            "Groups": [{"GroupId": group(truth, "web")["GroupId"]}]}
    rows = (
        ("one that is right", [good], 0),
        ("one told of twice", [good, good], 0),
        ("one told of twice, and otherwise", [good, {**good, "Groups": []}], 2,
         "twice, and otherwise"),
        ("one without addresses", [{**good, "PrivateIpAddress": None}], 2, "none of its addresses"),
        ("an address that is none", [{**good, "PrivateIpAddress": "10.0.0.400"}], 2, "no address"),
        ("a group without an id", [{**good, "Groups": [{"GroupName": "x"}]}], 2, "is missing"),
        ("one outside", [{**good, "PrivateIpAddress": "10.0.9.4"}], 2, "P0615",
         "10.0.9.4/32 is outside of the layer"),
        ("one inside without the group", [{**good, "Groups": []}], 2, "P0615",
         "has 10.0.0.4/32 of the layer `web`, and not its group"),
        ("one of two layers", [{**good, "Groups": good["Groups"] + [
            {"GroupId": group(truth, "db")["GroupId"]}]}], 2, "P0615", "two layers"),
        ("one of another VPC", [{**good, "VpcId": "vpc-9", "Groups": []}], 0),
    )
    for what, some, code, *words in rows:
        got, said = run("prove", policy, save("seen.json", {**truth, "NetworkInterfaces": some}))
        check(f"interfaces: {what}", got == code and all(word in said for word in words),
              f"exit {got}\n{said}")
        got, said = run("prove", policy, save("seen.json", {**truth, "Reservations": [
            {"Instances": [{"InstanceId": "i-1", "NetworkInterfaces": some}]}]}))
        check(f"instances: {what}", got == code and all(word in said for word in words),
              f"exit {got}\n{said}")
    code, said = run("prove", policy, save("seen.json", {"NetworkInterfaces": [good]}))
    check("interfaces alone", code == 2 and "jq -s add" in said, said)


# --- a naive twin: what an account admits, point by point ---

PEERS = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("PrefixListIds", "PrefixListId"),
         ("UserIdGroupPairs", "GroupId"))
NUMBERS = {"tcp": 6, "udp": 17}


def flat(seen):
    """(group, direction, protocol, low, high, kind of peer, peer) of every rule."""
    return [(g["GroupId"], d, p["IpProtocol"], p.get("FromPort", -1), p.get("ToPort", -1), kind,
             peer[key])
            for g in seen["SecurityGroups"] for d in ("IpPermissions", "IpPermissionsEgress")
            for p in g[d] for kind, key in PEERS for peer in p.get(kind, [])]


def edges(networks):
    out = set()
    for net in map(ipaddress.ip_network, networks):
        for number in (int(net[0]) - 1, int(net[0]), int(net[-1]), int(net[-1]) + 1):
            if 0 <= number < 2 ** net.max_prefixlen:
                out.add((net.version, number))
    return out


def points(rules):
    nets = [net for all_of_it in LAYERS.values() for net in all_of_it] + ["198.51.100.0/24"]
    ends = edges(nets + [r[6] for r in rules if "/" in r[6]]) | {"pl-s3", "sg-9"}
    ports = {port for r in rules for end in r[3:5] for port in (end - 1, end, end + 1)
             if 0 <= port <= 65535} | {0, 65535}
    return ends, [(number, port) for number in (6, 17, 47) for port in ports]


def meets(kind, peer, end, ids):
    """Does a peer stand for this end?  A word stands for who nobody knows."""
    if isinstance(end, str):
        return peer == end
    if kind == "PrefixListIds":
        nets = ["198.51.100.0/24"] if peer == "pl-partners" else []
    elif kind == "UserIdGroupPairs":
        nets = LAYERS.get(ids.get(peer), [])
    else:
        nets = [peer]
    return any(net.version == end[0] and int(net[0]) <= end[1] <= int(net[-1])
               for net in map(ipaddress.ip_network, nets))


def serves(rule, service):
    protocol, low, high = rule[2:5]
    if protocol == "-1":
        return True
    if NUMBERS.get(protocol, protocol) not in (service[0], str(service[0])):
        return False
    return protocol not in NUMBERS or low <= service[1] <= high


def admits(rules, ends, services, ids):
    out = set()
    for rule in rules:
        six = any(":" in net for net in LAYERS.get(ids.get(rule[0]), []))
        if ":" in rule[6] and not six:
            out.add(rule)               # nobody has it, so it is not the policy's
            continue
        far = [end for end in ends if meets(rule[5], rule[6], end, ids) and
               (isinstance(end, str) or end[0] == 4 or six)]
        out |= {(rule[0], rule[1], end, service) for end in far for service in services
                if serves(rule, service)}
    return out


def some_rule(dice, seen):
    """A permission of some group of ours, taken apart: its list, it, and one peer of it."""
    g = dice.choice([g for g in seen["SecurityGroups"] if g["IpPermissions"]])
    p = dice.choice(g["IpPermissions"])
    kind = dice.choice([kind for kind, _ in PEERS if p.get(kind)])
    return g["IpPermissions"], p, kind


def play(dice, seen, ids):
    """Somebody's hand: often it changes nothing."""
    rules, p, kind = some_rule(dice, seen)
    single = {k: v for k, v in p.items() if k not in dict(PEERS)}
    own = [g for g in seen["SecurityGroups"] if g["GroupName"] != "default"]
    luck = dice.randrange(9)
    if luck == 0:           # a rule in two halves
        net = ipaddress.ip_network(p["IpRanges"][0]["CidrIp"]) if p.get("IpRanges") else None
        if net and net.prefixlen < 32:
            p["IpRanges"][0:1] = [{"CidrIp": str(half)} for half in net.subnets()]
    elif luck == 1 and p.get("FromPort", -1) < p.get("ToPort", -1):
        rules.append({**copy.deepcopy(p), "FromPort": p["FromPort"] + 1})
    elif luck == 2:         # a group by its addresses, or half of them
        if kind == "UserIdGroupPairs" and p[kind][0]["GroupId"] in ids:
            nets = LAYERS[ids[p[kind].pop(0)["GroupId"]]]
            p["IpRanges"] = [{"CidrIp": net} for net in nets if ":" not in net]
            p["Ipv6Ranges"] = [{"CidrIpv6": net} for net in nets if ":" in net and
                               dice.randrange(2)]
    elif luck == 3:
        p[kind].pop()
        if not any(p.get(k) for k, _ in PEERS):
            rules.remove(p)
    elif luck == 4:
        rules.append({**single, "ToPort": single.get("ToPort", 0) + 1, "IpProtocol": "tcp",
                      "FromPort": single.get("FromPort", 0), kind: copy.deepcopy(p[kind])})
    elif luck == 5:
        peer = dice.choice([g["GroupId"] for g in own] + ["sg-9"])
        rules.append({"IpProtocol": dice.choice(["tcp", "udp", "47", "-1"]), "FromPort": 22,
                      "ToPort": 22, "UserIdGroupPairs": [{"GroupId": peer}]})
    elif luck == 6:
        rules.append({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [
            {"CidrIp": dice.choice(["192.168.0.0/25", "192.168.0.0/23", "10.0.0.0/24"])}]})
    elif luck == 7:
        rules.append({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [
            {"CidrIpv6": dice.choice(["2001:db8:a:2::/64", "2001:db8:a:2::/65"])}]})
    else:
        one = dice.choice(own)
        one["IpPermissionsEgress"].append({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
                                           "PrefixListIds": [{"PrefixListId": dice.choice(
                                               ["pl-s3", "pl-partners"])}]})


def twin(truth):
    policy = os.path.join(WORK, "shop.fbk")
    ids = {g["GroupId"]: (tag(g, "firebreak:environment"), tag(g, "firebreak:layer"))
           for g in truth["SecurityGroups"] if g["GroupName"] != "default"}
    said_equal = refused = 0
    hands = [copy.deepcopy(truth) for _ in range(60)]
    for seed, seen in enumerate(hands):
        dice = random.Random(seed)
        for _ in range(dice.randrange(1, 4)):
            play(dice, seen, ids)
    for seed, (seen, (code, said)) in enumerate(zip(hands, prove_all(policy, hands))):
        ends, services = points(flat(truth) + flat(seen))
        same = admits(flat(truth), ends, services, ids) == admits(flat(seen), ends, services, ids)
        refused += code == 2
        if code == 2:       # a rule that is there already: AWS takes none twice
            check(f"twin {seed}", "the same as a rule before it" in said, said)
            continue
        said_equal += code == 0
        check(f"twin {seed}", code == (0 if same else 1),
              f"exit {code}, the twin says {'equal' if same else 'not equal'}\n{said}")
    check("twin: all answers are given", said_equal > 3 and refused < 20,
          (said_equal, refused))


SHARED = """
language 1; policy shared; environments prod;
layer a shared-hosts; layer b shared-hosts; layer c; layer d;
customer x "x" { environment prod { vpc 10.0.0.0/16; layer a 10.0.0.0/24; layer b 10.0.0.0/24;
  layer c 10.0.1.0/24; layer d 10.0.2.0/24; } }
customer y "y" { environment prod { vpc 10.0.0.0/16; layer c 10.0.1.0/24; layer d 10.0.2.0/24; } }
one: allow c -> a on tcp/80;
two: allow b -> c on tcp/443;
three: allow d -> c on tcp/22;
"""


def retag(one, **tags):
    for t in one["Tags"]:
        t["Value"] = tags.get(t["Key"].partition(":")[2], t["Value"])
    return one


def same_addresses():
    """Layers of one environment, and environments, that have the same addresses."""
    policy = save("shared.fbk", SHARED)
    code, said = run("compile", policy, "-t", "ec2", "-o", "shared")
    check("shared hosts compile", code == 0, said)
    both = {}
    for customer in ("x", "y"):
        with open(os.path.join(WORK, "shared", customer, "prod/aws.ec2.json")) as file:
            text = file.read()
        for group_id in [g["GroupId"] for g in json.loads(text)["SecurityGroups"]]:
            text = text.replace(f'"GroupId": "{group_id}"', f'"GroupId": "{customer}-{group_id}"')
        both[customer] = json.loads(text)["SecurityGroups"]
    whole = both["x"] + both["y"]

    def prove(what, code, groups, *words):
        got, said = run("prove", policy, save("seen.json", {"SecurityGroups": groups}))
        check(what, got == code and all(word in said for word in words), f"exit {got}\n{said}")

    def less(groups, layer):
        return [g for g in groups if tag(g, "firebreak:layer") != layer]

    one = next(g for g in whole if tag(g, "firebreak:layer") == "a.b")
    prove("shared hosts: as it is", 0, whole)
    prove("shared hosts: the names the other way", 0, less(whole, "a.b") + [
        retag(copy.deepcopy(one), layer="b.a")])
    prove("shared hosts: one of the names", 2, less(whole, "a.b") + [
        retag(copy.deepcopy(one), layer="a")], "P0612", "`b` of x.prod")
    prove("shared hosts: a name of another layer", 2, less(whole, "a.b") + [
        retag(copy.deepcopy(one), layer="a.c")], "P0602")
    apart = [retag({**copy.deepcopy(one), "GroupId": f"sg-{layer}"}, layer=layer)
             for layer in "ab"]
    prove("shared hosts: a group each, with the rules of both", 1, less(whole, "a.b") + apart)
    apart[0]["IpPermissionsEgress"], apart[1]["IpPermissions"] = [], []
    prove("shared hosts: a group each, with its own rules", 1, less(whole, "a.b") + apart)
    # the same addresses in another environment
    prove("customers: one of two", 0, both["y"])
    prove("customers: as the other", 2, [retag(copy.deepcopy(g), customer="y")
                                          for g in both["x"]], "P0602")
    prove("customers: the one with more rules as the other", 1, [
        retag(copy.deepcopy(g), customer="x") for g in both["y"]] + [one], "not equal")
    mixed = json.loads(json.dumps(both["y"]).replace("y-shared-prod-c", "x-shared-prod-c"))
    mixed[0]["GroupId"] = "y-shared-prod-c"
    prove("customers: a reference to the same layer of the other", 1, both["x"] + mixed,
          "x-shared-prod-c")


def main():
    policy = save("shop.fbk", POLICY)
    truth = account(policy)
    for what, change, code, words in CASES:
        seen = copy.deepcopy(truth)
        change(seen)
        got, said = run("prove", policy, save("seen.json", seen))
        missing = [word for word in words if word not in said]
        check(what, got == code and not missing,
              f"exit {got}, wanted {code}; without {missing}\n{said[:1500]}")
    kept(truth)
    same_addresses()
    interfaces(truth)
    twin(truth)
    subprocess.run(["rm", "-rf", WORK])
    print(f"accounts: {done} checks, {failed} failed")
    sys.exit(1 if failed else 0)


main()

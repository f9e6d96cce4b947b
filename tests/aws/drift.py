#!/usr/bin/env python3
"""EC2 permissions loaded into a mock of AWS, read back, and held against the policy.

    drift.py FIREBREAK POLICY aws.ec2.json

The groups of the file are made in a moto server through boto3, captured as a user
would capture them (describe-security-groups, describe-security-group-rules), and
`firebreak prove` has to say equal.  Then somebody's hand is played: a rule more, a
port wider, a rule less; each has to be found, with the name of who is concerned.
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing",
                  AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true",
                  MOTO_ACCOUNT_ID="111122223333")     # the one that the policy names

import logging

import boto3                                                    # noqa: E402
from moto.ec2.models.security_groups import SecurityGroupBackend  # noqa: E402
from moto.server import ThreadedMotoServer                      # noqa: E402

# moto counts both families against one 60, which AWS does not; the quota is our
# own to check (P0502)
SecurityGroupBackend._verify_group_will_respect_rule_count_limit = (
    lambda *arguments, **options: None)

logging.getLogger("werkzeug").disabled = True
FIREBREAK, POLICY, FILE = sys.argv[1:4]
SUBNETS = {"vpc": "10.30.0.0/16", "edge": "10.30.0.0/24", "services": "10.30.16.0/20",
           "data": "10.30.64.0/24", "endpoints": "10.30.72.0/26", "ops": "10.30.80.0/28",
           "nobody's": "10.30.200.0/24"}
failed = 0


def with_ids(permission, groups, lists):
    """A permission as the API takes it: ids for names."""
    permission = copy.deepcopy(permission)
    for pair in permission.get("UserIdGroupPairs", []):
        pair["GroupId"] = groups[pair["GroupId"]]
    for entry in permission.get("PrefixListIds", []):
        entry["PrefixListId"] = lists[entry["PrefixListId"]]
    if permission["IpProtocol"] not in ("-1", "tcp", "udp"):
        # moto answers 500 where AWS takes a protocol without ports
        permission.setdefault("FromPort", -1)
        permission.setdefault("ToPort", -1)
    return permission


def tags_of(permission):
    """The tag that Terraform gives a rule: moto forgets the description of a group's."""
    name = next(peer["Description"] for kind in ("IpRanges", "Ipv6Ranges", "PrefixListIds",
                                                 "UserIdGroupPairs")
                for peer in permission.get(kind, [])).split()[0]
    return [{"ResourceType": "security-group-rule",
             "Tags": [{"Key": "firebreak:rules", "Value": name}]}]


def load(ec2, wanted):
    vpc = ec2.create_vpc(CidrBlock=SUBNETS["vpc"])["Vpc"]["VpcId"]
    lists = {}
    for entry in wanted.get("PrefixLists", []):
        name = entry["PrefixListName"]
        found = ec2.describe_managed_prefix_lists(Filters=[
            {"Name": "prefix-list-name", "Values": [name]}])["PrefixLists"]
        if not found:
            found = [ec2.create_managed_prefix_list(
                PrefixListName=name, MaxEntries=1, AddressFamily="IPv4")["PrefixList"]]
        lists[name] = found[0]["PrefixListId"]
    groups = {}
    for group in wanted["SecurityGroups"]:
        made = ec2.create_security_group(
            GroupName=group["GroupName"], Description=group["Description"], VpcId=vpc,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": group["Tags"]}])
        groups[group["GroupId"]] = made["GroupId"]
        ec2.revoke_security_group_egress(GroupId=made["GroupId"], IpPermissions=[
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    for group in wanted["SecurityGroups"]:
        for key, authorize in (("IpPermissions", ec2.authorize_security_group_ingress),
                               ("IpPermissionsEgress", ec2.authorize_security_group_egress)):
            for permission in group[key]:
                authorize(GroupId=groups[group["GroupId"]],
                          IpPermissions=[with_ids(permission, groups, lists)],
                          TagSpecifications=tags_of(permission))
    return groups, {"PrefixLists": [{"PrefixListId": i, "PrefixListName": n}
                                    for n, i in lists.items()]}


def capture(ec2, lists, rules):
    """What a user saves; RULES: with the answer of describe-security-group-rules."""
    answer = ec2.describe_security_groups(Filters=[
        {"Name": "tag-key", "Values": ["firebreak:policy"]}])
    answer.pop("ResponseMetadata")
    if rules:
        mine = {group["GroupId"] for group in answer["SecurityGroups"]}
        answer["SecurityGroupRules"] = [
            rule for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]
            if rule["GroupId"] in mine]
    return {**answer, **lists}


def prove(what, seen, code, *words):
    global failed
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(seen, file, default=str)
        file.flush()
        done = subprocess.run([FIREBREAK, "prove", POLICY, file.name],
                              capture_output=True, text=True)
    said = done.stdout + done.stderr
    missing = [word for word in words if word not in said]
    if done.returncode != code or missing:
        failed += 1
        print(f"FAIL {what}: exit {done.returncode}, without {missing}\n{said}")
    else:
        print(f"ok   {what}")


def main():
    with open(FILE) as file:
        wanted = json.load(file)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    ec2 = boto3.client("ec2", endpoint_url=f"http://{host}:{port}")
    groups, lists = load(ec2, wanted)
    for rules in (False, True):
        prove(f"read back{' by rules' if rules else ''}", capture(ec2, lists, rules), 0)
    prove("an answer that goes on", {**capture(ec2, lists, False), "NextToken": "x"}, 2,
          "NextToken")

    one = next(group for group in wanted["SecurityGroups"]
               if any(p.get("UserIdGroupPairs") and p["IpProtocol"] == "tcp"
                      for p in group["IpPermissions"]))
    ident = groups[one["GroupId"]]
    layer = next(t["Value"] for t in one["Tags"] if t["Key"] == "firebreak:layer")
    added = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
             "IpRanges": [{"CidrIp": "203.0.113.9/32", "Description": "by hand"}]}
    ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[added])
    for rules in (False, True):
        prove("a rule by hand", capture(ec2, lists, rules), 1, "203.0.113.9", "port 22",
              layer, "by hand")
    ec2.revoke_security_group_ingress(GroupId=ident, IpPermissions=[added])
    prove("and taken back", capture(ec2, lists, True), 0)

    rule = next(p for p in one["IpPermissions"]
                if p.get("UserIdGroupPairs") and p["IpProtocol"] == "tcp")
    name = rule["UserIdGroupPairs"][0]["Description"].split()[0]
    as_it_is = with_ids(rule, groups, {})
    wider = {**copy.deepcopy(as_it_is), "ToPort": rule["ToPort"] + 1}
    ec2.revoke_security_group_ingress(GroupId=ident, IpPermissions=[as_it_is])
    for rules in (False, True):
        prove("a rule less", capture(ec2, lists, rules), 1, name)
    ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[wider],
                                         TagSpecifications=tags_of(wider))
    for rules in (False, True):
        prove("a wider port", capture(ec2, lists, rules), 1, f"port {rule['ToPort'] + 1}",
              name)
    ec2.revoke_security_group_ingress(GroupId=ident, IpPermissions=[wider])
    ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[as_it_is])

    # a half: what its source's own egress stops today is drift all the same
    half = {"IpProtocol": "udp", "FromPort": 9, "ToPort": 9,
            "UserIdGroupPairs": [{"GroupId": as_it_is["UserIdGroupPairs"][0]["GroupId"]}]}
    ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[half])
    for rules in (False, True):
        prove("half a rule by hand", capture(ec2, lists, rules), 1, "udp", "port 9", layer)
    ec2.revoke_security_group_ingress(GroupId=ident, IpPermissions=[half])

    # the default group of the VPC, which nobody chose
    def whole_vpc():
        vpc = ec2.describe_security_groups(GroupIds=[ident])["SecurityGroups"][0]["VpcId"]
        return {**ec2.describe_security_groups(Filters=[
            {"Name": "vpc-id", "Values": [vpc]}]), **lists}

    own = next(g for g in whole_vpc()["SecurityGroups"] if g["GroupName"] == "default")
    prove("a capture by tags has no default group", capture(ec2, lists, False), 0, "P0613")
    prove("the default group as it was made", whole_vpc(), 1, "the default group, outbound",
          own["GroupId"])
    ec2.revoke_security_group_egress(GroupId=own["GroupId"],
                                     IpPermissions=own["IpPermissionsEgress"])
    prove("the default group emptied", whole_vpc(), 0)

    # another account's groups, and a rule for a group of nobody's
    seen = json.loads(json.dumps(capture(ec2, lists, False), default=str)
                      .replace("111122223333", "444455556666"))
    prove("another account", seen, 2, "P0611", "444455556666")

    # nobody's group on one of our interfaces
    other = ec2.create_security_group(
        GroupName="by-hand", Description="x", VpcId=ec2.describe_security_groups(
            GroupIds=[ident])["SecurityGroups"][0]["VpcId"])["GroupId"]
    seen = capture(ec2, lists, False)
    seen["SecurityGroups"] += ec2.describe_security_groups(GroupIds=[other])["SecurityGroups"]
    vpc = seen["SecurityGroups"][0]["VpcId"]
    subnets = {name: ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
               for name, block in SUBNETS.items() if name != "vpc"}

    def interface(subnet, *carried):
        return ec2.create_network_interface(SubnetId=subnets[subnet], Groups=list(carried))[
            "NetworkInterface"]["NetworkInterfaceId"]

    def with_interfaces(answer):
        return {**answer, "NetworkInterfaces": ec2.describe_network_interfaces(Filters=[
            {"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]}

    for group in wanted["SecurityGroups"]:
        interface(next(t["Value"] for t in group["Tags"] if t["Key"] == "firebreak:layer"),
                  groups[group["GroupId"]])
    interface("nobody's", other)
    prove("an interface in each layer", with_interfaces(seen), 0)
    mixed = interface(layer, ident, other)
    prove("a group besides ours", with_interfaces(seen), 0, "P0607", "P0609", mixed, other)
    prove("which the capture does not have", with_interfaces(capture(ec2, lists, False)), 0,
          "P0609", mixed, other, "it is not here, and neither are its rules")
    ec2.delete_network_interface(NetworkInterfaceId=mixed)
    for what, made, word in (
            ("an interface outside of its layer", interface("nobody's", ident), "outside of the layer"),
            ("an interface of nobody's in a layer", interface(layer, other), "and not its group"),
            ("an interface of two layers", interface(layer, *groups.values()), "two layers")):
        prove(what, with_interfaces(seen), 2, "P0615", made, word)
        ec2.delete_network_interface(NetworkInterfaceId=made)
    prove("and taken away", with_interfaces(seen), 0)
    refers = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
              "UserIdGroupPairs": [{"GroupId": other}]}
    ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[refers])
    for rules in (False, True):
        prove("in from a group of nobody's", capture(ec2, lists, rules), 1, "port 22", other,
              "nobody's here")
    ec2.revoke_security_group_ingress(GroupId=ident, IpPermissions=[refers])
    prove("and taken back", capture(ec2, lists, True), 0)
    server.stop()
    sys.exit(1 if failed else 0)


main()

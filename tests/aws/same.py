#!/usr/bin/env python3
"""Do the three AWS formats of each environment say the same rules?

    same.py DIR

Terraform, CloudFormation and EC2 permissions are read here with nothing of
firebreak's, each into a set of (group, direction, protocol, from, to, peer).  Of a
template also: every group says its egress, no permission stands twice, every id is
one that CloudFormation takes, and nothing in it is computed but references.
"""
import json
import re
import sys
from pathlib import Path

NO_EGRESS = ("-1", None, None, "127.0.0.1/32")
problems = 0


def problem(path, what):
    global problems
    problems += 1
    print(f"{path}: {what}")


def unique(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice in one object")
    return dict(pairs)


def from_terraform(root):
    resources = root["resource"]
    groups = {f"${{aws_security_group.{k}.id}}": g["name"]
              for k, g in resources["aws_security_group"].items()}
    lists = {f"${{data.aws_ec2_managed_prefix_list.{k}.id}}": d["name"] for k, d in
             root.get("data", {}).get("aws_ec2_managed_prefix_list", {}).items()}
    for direction in ("ingress", "egress"):
        for r in resources.get(f"aws_vpc_security_group_{direction}_rule", {}).values():
            peer = (r.get("cidr_ipv4") or r.get("cidr_ipv6")
                    or lists.get(r.get("prefix_list_id"))
                    or groups.get(r.get("referenced_security_group_id")))
            yield (groups[r["security_group_id"]], direction, r["ip_protocol"],
                   r.get("from_port"), r.get("to_port"), peer)


def from_ec2(root):
    for group in root["SecurityGroups"]:
        for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            for p in group[key]:
                for peers, member in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"),
                                      ("PrefixListIds", "PrefixListId"),
                                      ("UserIdGroupPairs", "GroupId")):
                    for peer in p.get(peers, []):
                        yield (group["GroupName"], direction, p["IpProtocol"],
                               p.get("FromPort"), p.get("ToPort"), peer[member])


def from_template(path, root):
    resources, parameters = root["Resources"], root["Parameters"]
    names = {key: r["Properties"]["GroupName"] for key, r in resources.items()
             if r["Type"] == "AWS::EC2::SecurityGroup"}

    def referred(value):
        if value is None:
            return None
        if list(value) == ["Fn::GetAtt"] and value["Fn::GetAtt"][1] == "GroupId":
            return names[value["Fn::GetAtt"][0]]
        return parameters[value["Ref"]]["Description"].split()[-1]

    def said(r, side):
        return (r["IpProtocol"], r.get("FromPort"), r.get("ToPort"),
                r.get("CidrIp") or r.get("CidrIpv6")
                or referred(r.get(f"{side}PrefixListId"))
                or referred(r.get(f"{side}SecurityGroupId")))

    for key, resource in resources.items():
        is_ = resource["Properties"]
        if not re.fullmatch("[A-Za-z0-9]{1,255}", key):
            problem(path, f"{key} is no logical id")
        if resource["Type"] != "AWS::EC2::SecurityGroup":
            direction = "ingress" if resource["Type"].endswith("Ingress") else "egress"
            side = "Source" if direction == "ingress" else "Destination"
            yield (referred(is_["GroupId"]), direction, *said(is_, side))
            continue
        if not is_.get("SecurityGroupEgress"):
            problem(path, f"{key} has CloudFormation's egress, which is everything")
        for r in is_.get("SecurityGroupIngress", []):
            yield (is_["GroupName"], "ingress", *said(r, "Source"))
        for r in is_["SecurityGroupEgress"]:
            if said(r, "Destination") != NO_EGRESS:
                yield (is_["GroupName"], "egress", *said(r, "Destination"))
            elif len(is_["SecurityGroupEgress"]) > 1:
                problem(path, f"{key} has a placeholder that it does not need")


def each_once(path, rules):
    rules = list(rules)
    if len(set(rules)) != len(rules):
        problem(path, "a permission twice")
    if any(rule[5] is None for rule in rules):
        problem(path, "a rule without a peer")
    return set(rules)


def main():
    paths = sorted(Path(sys.argv[1]).rglob("aws.cfn.json"))
    if not paths:
        sys.exit(f"no aws.cfn.json below {sys.argv[1]}")
    count = 0
    for path in paths:
        text = path.read_text()
        rules = each_once(path, from_template(path, json.loads(text, object_pairs_hook=unique)))
        count += len(rules)
        if "{{" in text:
            problem(path, "a dynamic reference")
        for name, read in (("aws.tf.json", from_terraform), ("aws.ec2.json", from_ec2)):
            other = path.with_name(name)
            theirs = each_once(other, read(json.loads(other.read_text())))
            for rule in sorted(map(str, rules ^ theirs)):
                problem(path, f"{name} differs: {rule}")
    print(f"{len(paths)} environments in three formats, {count} rules, {problems} problems")
    sys.exit(problems != 0)


main()

#!/usr/bin/env python3
"""shown.py FILE DIR: seeds of an aws.tf.json and an aws.ec2.json beside it, short ones.

DIR/show/state and DIR/show/plan are what `terraform show -json` would print of the
first rules; DIR/capture/rules what describe-security-group-rules would answer.
"""
import json
import re
import sys
from pathlib import Path

file, out = Path(sys.argv[1]), Path(sys.argv[2])
resources = json.loads(file.read_text())["resource"]
PROVIDER = "registry.terraform.io/hashicorp/aws"
GROUP = {"description": "", "egress": [], "ingress": [], "name": "", "owner_id": "", "arn": "",
         "tags": {}, "tags_all": {}, "vpc_id": "vpc-1"}
RULE = dict.fromkeys(("cidr_ipv4", "cidr_ipv6", "description", "from_port", "to_port",
                      "prefix_list_id", "referenced_security_group_id", "tags"))


def known(value):
    found = re.fullmatch(r"\$\{aws_security_group\.(\w+)\.id\}", str(value))
    return "sg-" + found[1] if found else "vpc-1" if value == "${var.vpc_id}" else value


def expression(value):
    found = re.fullmatch(r"\$\{(.*)\.id\}", str(value))
    return {"constant_value": value,
            **({"references": [f"{found[1]}.id", found[1]]} if found else {})}


def main():
    state, planned, changes, configs = [], [], [], []
    for kind, some in resources.items():
        rules = kind.endswith("_rule")
        for name, is_ in list(some.items())[:3 if rules else None]:
            whole = {**(RULE if rules else GROUP), **{k: known(v) for k, v in is_.items()},
                     "id": f"sgr-{name}" if rules else f"sg-{name}"}
            if not rules:
                whole["tags_all"] = whole["tags"]
            unknown = {k for k, v in is_.items() if "aws_security_group." in str(v)} | {"id"}
            if kind == "aws_security_group":
                unknown |= {"ingress", "egress"}
            frame = {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name,
                     "provider_name": PROVIDER}
            after = {k: v for k, v in whole.items() if k not in unknown}
            state.append({**frame, "values": whole})
            if rules and name not in list(some)[:1]:
                continue        # a plan says each thing four times, and is to be short
            planned.append({**frame, "values": after})
            changes.append({**frame, "change": {"actions": ["create"], "before": None,
                                                "after_unknown": dict.fromkeys(unknown, True)}})
            configs.append({"address": f"{kind}.{name}", "expressions": {
                k: expression(v) for k, v in is_.items()}})
    state[1]["values"]["ingress"] = [{
        "cidr_blocks": ["10.1.0.0/16"], "description": "", "from_port": 22, "to_port": 23,
        "ipv6_cidr_blocks": ["::/0"], "prefix_list_ids": [], "protocol": "tcp",
        "security_groups": ["sg-edge"], "self": True}]
    plan = {"format_version": "1.2", "complete": True, "errored": False, "resource_changes": changes,
            "planned_values": {"root_module": {"resources": planned}},
            "configuration": {"root_module": {"resources": configs}}}
    (out / "show" / "state").write_text(json.dumps(
        {"format_version": "1.0", "values": {"root_module": {"resources": state}}},
        separators=(",", ":")))
    (out / "show" / "plan").write_text(json.dumps(plan, separators=(",", ":"), sort_keys=True))
    (out / "capture" / "rules").write_text(json.dumps({"SecurityGroupRules": [
        {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-1", "GroupOwnerId": "111122223333",
         "IsEgress": False, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
         "CidrIpv4": "0.0.0.0/0", "Description": "x", "Tags": []},
        {"SecurityGroupRuleId": "sgr-2", "GroupId": "sg-1", "IsEgress": True, "IpProtocol": "-1",
         "FromPort": -1, "ToPort": -1, "ReferencedGroupInfo": {
             "GroupId": "sg-2", "UserId": "111122223333", "VpcId": "vpc-1",
             "VpcPeeringConnectionId": "pcx-1", "PeeringStatus": "active"}}]}))
    groups = json.loads(file.with_name("aws.ec2.json").read_text())
    for group in groups["SecurityGroups"]:
        for key in ("IpPermissions", "IpPermissionsEgress"):
            group[key] = group[key][:3]
    (out / "capture" / "groups").write_text(json.dumps(groups, separators=(",", ":")))


main()

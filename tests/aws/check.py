#!/usr/bin/env python3
"""Is every aws.tf.json below a directory one that Terraform and AWS take?

Attribute names and types are held against terraform-sg-schema.json; the rest is
what neither `terraform validate` nor a mock of AWS refuses and AWS does.  It is
written from AWS's documentation and knows nothing of how firebreak emits.
"""
import ipaddress
import json
import re
import sys
from pathlib import Path

LEGAL = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=;{}!$*]*\Z")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
TEMPLATE = re.compile(r"(?<![$])\$\{|(?<![%])%\{")
GROUP = re.compile(r"\$\{aws_security_group\.([A-Za-z0-9_-]+)\.id\}\Z")
LIST = re.compile(r"\$\{data\.aws_ec2_managed_prefix_list\.([A-Za-z0-9_-]+)\.id\}\Z")
PEERS = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id")
REFERENCES = {"vpc_id", "security_group_id", "prefix_list_id", "referenced_security_group_id",
              "ingress_rule_ids", "egress_rule_ids"}
QUOTA = 60

problems = 0


def problem(path, where, what):
    global problems
    problems += 1
    print(f"{path}: {where}: {what}")


def no_duplicates(pairs):
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key twice in one object")
    return out


def has_type(value, kind):
    if kind == "string":
        return isinstance(value, str)
    if kind == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "empty":
        # a set of objects; ours is to have none
        return value == []
    if kind == ["list", "string"]:
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if kind == ["map", "string"]:
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return False


def check_attributes(path, where, body, schema):
    for name, value in body.items():
        if name not in schema:
            problem(path, where, f"{name} is no attribute that can be set")
        elif not has_type(value, schema[name]["type"]):
            problem(path, where, f"{name} is not of type {schema[name]['type']}")
        elif name not in REFERENCES:
            texts = value.values() if isinstance(value, dict) else [value]
            if any(isinstance(t, str) and TEMPLATE.search(t) for t in texts):
                problem(path, where, f"{name} is a template that computes")
    for name, facts in schema.items():
        if facts.get("required") and name not in body:
            problem(path, where, f"{name} is required")


def check_text(path, where, text, most=255):
    text = text.replace("$${", "${").replace("%%{", "%{")
    if not text or len(text) > most:
        problem(path, where, f"length {len(text)} is not in 1 to {most}")
    if not LEGAL.match(text):
        problem(path, where, "has characters that AWS does not take")


def check_tags(path, where, tags):
    if len(tags) > 50:
        problem(path, where, "has more than 50 tags")
    for key, value in tags.items():
        if len(key) > 128 or len(value) > 256 or key.lower().startswith("aws:"):
            problem(path, where, f"tag {key} is one that AWS does not take")


def check_groups(path, groups):
    seen = {}
    for key, group in groups.items():
        where = f"aws_security_group.{key}"
        name = group.get("name", "")
        check_text(path, where + ".name", name)
        check_text(path, where + ".description", group.get("description", ""))
        check_tags(path, where, group.get("tags", {}))
        if name.lower().startswith("sg-"):
            problem(path, where, "name begins with sg-")
        if name.lower() in seen:
            problem(path, where, f"has the name of {seen[name.lower()]}, but for case")
        seen[name.lower()] = key
        if group.get("vpc_id") != "${var.vpc_id}":
            problem(path, where, "is not in the VPC that is given")
        for tag in ("policy", "environment", "layer"):
            if f"firebreak:{tag}" not in group.get("tags", {}):
                problem(path, where, f"has no tag firebreak:{tag}")


def check_default_group(path, groups):
    if list(groups) != ["default"]:
        problem(path, "aws_default_security_group", "is not one")
    for key, group in groups.items():
        where = f"aws_default_security_group.{key}"
        check_tags(path, where, group.get("tags", {}))
        for needed in ("ingress", "egress"):
            if needed not in group:
                problem(path, where, f"leaves what is added to {needed} later")
        if group.get("vpc_id") != "${var.vpc_id}":
            problem(path, where, "is not in the VPC that is given")


def check_service(path, where, rule):
    protocol = rule.get("ip_protocol")
    start, end = rule.get("from_port"), rule.get("to_port")
    if protocol in ("tcp", "udp"):
        if start is None or end is None or not 0 <= start <= end <= 65535:
            problem(path, where, f"{protocol} with ports {start} to {end}")
    elif protocol in ("icmp", "icmpv6"):
        if start is None or end is None or not -1 <= start <= 255 or not -1 <= end <= 255:
            problem(path, where, f"{protocol} with type {start}, code {end}")
        elif start == -1 and end != -1:
            problem(path, where, "an ICMP code without a type")
        if protocol == "icmp" and "cidr_ipv6" in rule or protocol == "icmpv6" and "cidr_ipv4" in rule:
            problem(path, where, f"{protocol} with addresses of the other family")
    elif protocol == "-1" or (str(protocol).isdigit() and str(int(protocol)) == protocol
                              and int(protocol) <= 255 and int(protocol) not in (1, 6, 17, 58)):
        if start is not None or end is not None:
            problem(path, where, f"protocol {protocol} with ports")
    else:
        problem(path, where, f"unknown protocol {protocol}")


def check_peer(path, where, rule, groups, lists):
    """The peer, and in which families it counts how much."""
    peers = [p for p in PEERS if p in rule]
    if len(peers) != 1:
        problem(path, where, f"has {len(peers)} peers")
        return None, {}
    kind, value = peers[0], rule[peers[0]]
    if kind.startswith("cidr"):
        network = ipaddress.IPv4Network if kind == "cidr_ipv4" else ipaddress.IPv6Network
        try:
            if str(network(value, strict=True)) != value:
                problem(path, where, f"{value} is not canonical")
        except ValueError as why:
            problem(path, where, str(why))
        return (kind, value), {4 if kind == "cidr_ipv4" else 6: 1}
    match = (LIST if kind == "prefix_list_id" else GROUP).match(value)
    if not match or match[1] not in (lists if kind == "prefix_list_id" else groups):
        problem(path, where, f"{kind} refers to nothing in this file")
    # a list counts its weight, which the file does not say: at least 1
    return (kind, value), {4: 1, 6: 1} if kind.startswith("ref") else {}


def check_rules(path, direction, rules, groups, lists):
    seen, used = {}, {}
    for key, rule in rules.items():
        where = f"aws_vpc_security_group_{direction}_rule.{key}"
        if "description" in rule:
            check_text(path, where + ".description", rule["description"])
        check_tags(path, where, rule.get("tags", {}))
        if not rule.get("tags", {}).get("firebreak:rules"):
            problem(path, where, "does not say which rules it comes from")
        check_service(path, where, rule)
        peer, counts = check_peer(path, where, rule, groups, lists)
        group = GROUP.match(rule.get("security_group_id", ""))
        if not group or group[1] not in groups:
            problem(path, where, "belongs to no group of this file")
            continue
        identity = (group[1], rule.get("ip_protocol"), rule.get("from_port"), rule.get("to_port"), peer)
        if identity in seen:
            problem(path, where, f"permits the same as {seen[identity]}")
        seen[identity] = key
        for family, count in counts.items():
            used[group[1], family] = used.get((group[1], family), 0) + count
    for (group, family), count in used.items():
        if count > QUOTA:
            problem(path, f"aws_security_group.{group}",
                    f"{count} {direction} rules for IPv{family}, {QUOTA} are allowed")


RULES = ("aws_vpc_security_group_egress_rule",
         "aws_vpc_security_group_ingress_rule")


def layout(root):
    """The one layout: sorted, indented by two, but each rule on one line."""
    lines = []
    for kind, resources in root.get("resource", {}).items():
        if kind in RULES:
            for name in resources:
                lines.append(json.dumps(resources[name], sort_keys=True))
                resources[name] = f"line {len(lines) - 1}"
    text = json.dumps(root, indent=2, sort_keys=True) + "\n"
    for kind, resources in root.get("resource", {}).items():
        if kind in RULES:
            for name in resources:
                number = int(resources[name].split()[1])
                text = text.replace(f'"line {number}"', lines[number], 1)
                resources[name] = json.loads(lines[number])
    return text


def check_file(path, schema):
    text = path.read_bytes().decode("utf-8")
    try:
        root = json.loads(text, object_pairs_hook=no_duplicates)
    except ValueError as why:
        problem(path, "file", str(why))
        return
    if layout(root) != text:
        problem(path, "file", "is not sorted, indented by two and a rule a line")
    for key in root.keys() - {"data", "moved", "resource", "terraform", "variable"}:
        problem(path, key, "is no block of ours")
    if root.get("variable") != {"vpc_id": {"type": "string"}}:
        problem(path, "variable", "is not vpc_id alone")
    for block in ("data", "resource"):
        for kind, some in root.get(block, {}).items():
            for key, body in some.items():
                where = f"{kind}.{key}"
                if not NAME.match(key):
                    problem(path, where, "is no name that Terraform takes")
                if kind not in schema[block]:
                    problem(path, where, "is of no kind of ours")
                    continue
                check_attributes(path, where, body, schema[block][kind])
    resources = root.get("resource", {})
    groups = resources.get("aws_security_group", {})
    lists = root.get("data", {}).get("aws_ec2_managed_prefix_list", {})
    check_groups(path, groups)
    check_default_group(path, resources.get("aws_default_security_group", {}))
    for key, one in resources.get("aws_vpc_security_group_rules_exclusive", {}).items():
        for direction in ("ingress", "egress"):
            kind = f"aws_vpc_security_group_{direction}_rule"
            mine = sorted("${%s.%s.id}" % (kind, name)
                          for name, rule in resources.get(kind, {}).items()
                          if rule.get("security_group_id") == one.get("security_group_id"))
            if sorted(one[f"{direction}_rule_ids"]) != mine:
                problem(path, key, f"{direction}: not the rules of its group")
    for direction in ("ingress", "egress"):
        check_rules(path, direction, resources.get(f"aws_vpc_security_group_{direction}_rule", {}),
                    groups, lists)


def main():
    here = Path(__file__).resolve().parent
    schema = json.loads((here / "terraform-sg-schema.json").read_text())
    files = sorted(Path(sys.argv[1]).rglob("aws.tf.json"))
    if not files:
        sys.exit(f"no aws.tf.json below {sys.argv[1]}")
    for path in files:
        check_file(path, schema)
    print(f"{len(files)} files, {problems} problems")
    sys.exit(problems != 0)


main()

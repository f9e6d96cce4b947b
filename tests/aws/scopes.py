#!/usr/bin/env python3
"""Is every aws.scopes.json below a directory one that AWS takes?

    scopes.py DIR

Written from "Network Access Analyzer" and knows nothing of how firebreak emits:
one end a condition, headers of IPv4 with tcp and udp, prefixes without host bits,
ports, and resources by the VPC's parameter.  With botocore at hand, each scope also
goes through its parameter check, as `aws ec2 create-network-insights-access-scope
--cli-input-json` would send it once the parameters are filled in.
"""
import ipaddress
import json
import re
import sys
from pathlib import Path

FIELDS = {"SourceAddresses", "DestinationAddresses", "DestinationPorts", "Protocols",
          "SourcePrefixLists", "DestinationPrefixLists"}
VALUES = {"AWS::EC2::VPC::Id": "vpc-0123456789abcdef0", "String": "pl-0123456789abcdef0"}
RESOURCES, BYTES, SCOPES = 500, 1_000_000, 1000

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


def is_port(text):
    if not re.fullmatch(r"\d{1,5}(-\d{1,5})?", text):
        return False
    ends = [int(end) for end in text.split("-")]
    return ends == sorted(ends) and ends[-1] <= 65535


def check_header(path, where, header):
    if not header or not set(header) <= FIELDS:
        problem(path, where, "has another header than there is")
    for key, values in header.items():
        if not isinstance(values, list) or not values:
            problem(path, where, f"{key} is no list with something in it")
        elif key.endswith("Addresses"):
            for value in values:
                ipaddress.IPv4Network(value, strict=True)
        elif key == "DestinationPorts" and not all(map(is_port, values)):
            problem(path, where, "has what is no port")
        elif key == "Protocols" and not set(values) <= {"tcp", "udp"}:
            problem(path, where, "has a protocol that is not looked at")
    for end in ("Source", "Destination"):
        if f"{end}Addresses" in header and f"{end}PrefixLists" in header:
            problem(path, where, "has addresses and lists, of which one may be")


def check_path(path, where, condition, parameters, is_match):
    if len(condition) != 1 or not set(condition) <= {"Source", "Destination"}:
        problem(path, where, "is not of one end")
        return
    (is_,) = condition.values()
    check_header(path, where, is_.get("PacketHeaderStatement"))
    statement = is_.get("ResourceStatement")
    if is_match != (statement is not None):
        problem(path, where, "is at all interfaces, or at some that it does not exclude")
    for resource in (statement or {}).get("Resources", []):
        if parameters[resource["Ref"]]["Type"] != "AWS::EC2::VPC::Id":
            problem(path, where, "is not at interfaces of a VPC")


def filled_in(value, parameters):
    """The same with a value for every parameter."""
    if isinstance(value, list):
        return [filled_in(one, parameters) for one in value]
    if isinstance(value, dict):
        if set(value) == {"Ref"}:
            return VALUES[parameters[value["Ref"]]["Type"]]
        return {key: filled_in(one, parameters) for key, one in value.items()}
    return value


def check_file(path, validate):
    text = path.read_text()
    template = json.loads(text, object_pairs_hook=no_duplicates)
    parameters, resources = template["Parameters"], template["Resources"]
    said = template["Metadata"]["firebreak"]["invariants"]
    if not 1 <= len(resources) <= RESOURCES or len(text) > BYTES:
        problem(path, "template", "is larger than CloudFormation takes, or empty")
    if len(template["Description"]) > 1024:
        problem(path, "template", "has a description that is too long")
    if sorted(one["scope"] for one in said.values() if one["scope"]) != sorted(resources):
        problem(path, "template", "names other scopes than it has")
    if any(not one["scope"] and not one["not-looked-at"] for one in said.values()):
        problem(path, "template", "has an invariant without a scope and without a reason")
    for key, resource in resources.items():
        is_ = resource["Properties"]
        if resource["Type"] != "AWS::EC2::NetworkInsightsAccessScope" or not is_["MatchPaths"]:
            problem(path, key, "is no scope, or matches nothing")
        for condition in is_["MatchPaths"]:
            check_path(path, key, condition, parameters, True)
        for condition in is_.get("ExcludePaths", []):
            check_path(path, key, condition, parameters, False)
        for tag in is_["Tags"]:
            if len(tag["Key"]) > 127 or len(tag["Value"]) > 256 or tag["Key"].startswith("aws:"):
                problem(path, key, "has a tag that AWS does not take")
        if validate:
            wrong = validate(filled_in(is_, parameters))
            if wrong:
                problem(path, key, wrong)
    return len(resources)


def validator():
    """What botocore says is wrong with a scope; None: there is no botocore here."""
    try:
        import botocore.session
        from botocore.validate import ParamValidator
    except ImportError:
        return None
    model = botocore.session.get_session().get_service_model("ec2")
    shape = model.operation_model("CreateNetworkInsightsAccessScope").input_shape

    def validate(is_):
        asked = {key: is_[key] for key in ("MatchPaths", "ExcludePaths") if key in is_}
        asked["ClientToken"] = "firebreak"
        asked["TagSpecifications"] = [{"ResourceType": "network-insights-access-scope",
                                       "Tags": is_["Tags"]}]
        report = ParamValidator().validate(asked, shape)
        return report.generate_report() if report.has_errors() else ""

    # it has to find something, or it finds nothing
    if not validate({"MatchPaths": [{"Source": {"Odd": {}}}], "Tags": []}):
        sys.exit("botocore's parameter check takes anything")
    return validate


files = sorted(Path(sys.argv[1]).rglob("aws.scopes.json"))
check = validator()
count = sum(check_file(file, check) for file in files)
if not files:
    sys.exit(f"{sys.argv[1]}: no aws.scopes.json")
if count > SCOPES:
    print(f"{count} scopes in all: an account has {SCOPES} unless it asks for more")
print(f"access scopes: {len(files)} templates with {count} scopes, {problems} problems"
      + ("" if check else " (SKIP botocore's parameter check: no botocore here)"))
sys.exit(1 if problems else 0)

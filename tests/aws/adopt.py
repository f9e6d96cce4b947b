"""An account that is there, under Terraform: adopt.py FIREBREAK

In a mock of AWS an account is made by hand, captured, drafted and compiled with
--adopt: Terraform has to import every group and rule, add none and destroy none,
apply, and then find nothing to do.  Then two prefix lists change names: neither is
a rule made or taken away.  Without terraform and a mirror of its provider: SKIP.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import terraform
from terraform import FIREBREAK, REGION, check, mirror, plan, run, start

DAY = ("--as-of", "2026-11-23")


def let_modify():
    """AWS changes the description of a rule without ports; moto wants some."""
    from moto.ec2.models.security_groups import SecurityGroupBackend

    modify = SecurityGroupBackend.modify_security_group_rules

    def with_ports(self, group_id, rules):
        for rule in rules.values():
            if rule.get("IpProtocol") not in ("tcp", "udp"):
                rule.setdefault("FromPort", -1)
                rule.setdefault("ToPort", -1)
        return modify(self, group_id, rules)

    SecurityGroupBackend.modify_security_group_rules = with_ports


def fill(ec2):
    """A VPC with two groups of somebody's, and what the default one is made with."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    web = ec2.create_security_group(GroupName="web servers (2019)", VpcId=vpc,
                                    Description="created by hand: {old}")["GroupId"]
    data = ec2.create_security_group(GroupName="data", VpcId=vpc, Description="databases")["GroupId"]
    one = ec2.create_managed_prefix_list(PrefixListName="office", MaxEntries=5, AddressFamily="IPv4",
                                         Entries=[{"Cidr": "192.0.2.0/24"}])["PrefixList"]["PrefixListId"]
    two = ec2.create_managed_prefix_list(PrefixListName="branch", MaxEntries=5, AddressFamily="IPv4",
                                         Entries=[{"Cidr": "198.51.100.0/24"}])["PrefixList"]["PrefixListId"]

    def let(group, protocol, low, high, **peers):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": protocol, "FromPort": low, "ToPort": high, **peers}])

    let(web, "tcp", 443, 443, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "customers"}])
    let(web, "tcp", 22, 22, IpRanges=[{"CidrIp": "203.0.113.0/24"}, {"CidrIp": "192.0.2.7/32"}])
    let(web, "udp", 53, 53, PrefixListIds=[{"PrefixListId": one}])
    let(web, "udp", 53, 53, PrefixListIds=[{"PrefixListId": two}])
    let(web, "icmp", 8, -1, IpRanges=[{"CidrIp": "203.0.113.0/24"}])
    let(data, "tcp", 5432, 5432, UserIdGroupPairs=[{"GroupId": web}])
    let(data, "tcp", 7000, 7001, UserIdGroupPairs=[{"GroupId": data}])
    return vpc


def capture(ec2, vpc, work):
    """What a user saves: groups, rules and lists, a file each."""
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    ids = [group["GroupId"] for group in groups["SecurityGroups"]]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": ids}])
    lists = ec2.describe_managed_prefix_lists()
    files = []
    for name, answer, key in (("groups", groups, "SecurityGroups"),
                              ("rules", rules, "SecurityGroupRules"), ("lists", lists, "PrefixLists")):
        path = work / f"{name}.json"
        path.write_text(json.dumps({key: answer[key]}, default=str))
        files.append(str(path))
    return files, len(ids), len(rules["SecurityGroupRules"])


def flags(word, files):
    return [part for file in files for part in (word, file)]


def adopted(ec2, work, plugins):
    vpc = fill(ec2)
    files, groups, rules = capture(ec2, vpc, work)
    policy = work / "policy"
    run("init --from three captures", [FIREBREAK, "init", policy, *flags("--from", files), *DAY])
    done = run("compile --adopt", [FIREBREAK, "compile", policy, "-t", "terraform", *DAY,
                                   *flags("--adopt", files), "-o", work / "out"])
    check("nothing is new", "P0616" not in done.stderr, done.stderr)
    done = run("compile --adopt, groups alone", [FIREBREAK, "compile", policy, "-t", "terraform", *DAY,
               *flags("--adopt", [files[0], files[2]]), "-o", work / "groups-only"])
    check("rules without ids are told", f"{rules} rules are there and cannot" in done.stderr,
          done.stderr)
    here = next((work / "out").glob("*/aws.tf.json")).parent
    os.environ["TF_VAR_vpc_id"] = vpc
    (here / "provider.tf.json").write_text(json.dumps({"provider": {"aws": {
        "region": REGION, "skip_credentials_validation": True,
        "skip_metadata_api_check": True}}}))
    run("terraform init", ["terraform", "init", f"-plugin-dir={plugins}", "-input=false",
                           "-no-color"], here)
    said = plan(here)
    check(f"{groups + rules} to import, none to add or destroy",
          re.search(rf"^Plan: {groups + rules} to import, 0 to add, \d+ to change, 0 to destroy\.$",
                    said, re.M), said[-6000:])
    made = terraform.apply(here)
    check(f"applied: {made}", made.endswith("0 destroyed"))
    said = plan(here)
    check("then no changes", not said, said[-4000:])
    after = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [
        group["GroupId"] for group in ec2.describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]]}])
    before = json.loads(Path(files[1]).read_text())["SecurityGroupRules"]
    check("the rules are those that were there",
          {rule["SecurityGroupRuleId"] for rule in after["SecurityGroupRules"]} ==
          {rule["SecurityGroupRuleId"] for rule in before})
    swapped(work, here, policy)


def swapped(work, here, policy):
    """Two lists change names in the policy: the keys of their rules change places."""
    source = policy / "main.fbk"
    text = source.read_text()
    names = re.findall(r'^network (\S+).*prefix-list', text, re.M)
    check("two lists", len(names) == 2, names)
    first, second = names
    text = re.sub(rf"\b{first}\b(?![.\"-])", "between", text)
    text = re.sub(rf"\b{second}\b(?![.\"-])", first, text)
    source.write_text(re.sub(r"\bbetween\b", second, text))
    # rule names change places too where they are made of the lists'
    run("compile with other names", [FIREBREAK, "compile", policy, "-t", "terraform", *DAY,
                                     "--previous", work / "out", "-o", work / "swapped"])
    (here / "imports.tf.json").unlink()
    moved = next((work / "swapped").glob("*/aws.tf.json"))
    shutil.copy(moved, here / "aws.tf.json")
    check("rules that change places have keys of their own", "__moved-" in moved.read_text())
    said = plan(here)
    check("rules that change places are neither made nor taken away",
          not said or re.search(r"0 to add, \d+ to change, 0 to destroy", said), said[-4000:])


def main():
    plugins = mirror()
    if not shutil.which("terraform") or not plugins:
        print("SKIP terraform import: no terraform or no mirror of hashicorp/aws (set TF_PLUGIN_DIR)")
        return
    import boto3
    server, url = start()
    let_modify()
    os.environ["AWS_ENDPOINT_URL"] = url
    with tempfile.TemporaryDirectory() as work:
        adopted(boto3.client("ec2"), Path(work), plugins)
    server.stop()
    sys.exit(1 if terraform.failed else 0)


if __name__ == "__main__":
    main()

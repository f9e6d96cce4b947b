#!/usr/bin/env python3
"""Terraform itself, against a mock of AWS: apply what we emit, and look.

    terraform.py FIREBREAK POLICY CUSTOMER.ENV      (an environment of us-east-1)

The environment's aws.tf.json and that of a small policy with every kind of rule
are applied to a moto server; a second plan has to find nothing to do; what
describe-security-groups then answers has to be equal to the policy, by
`firebreak prove`, and so has what `terraform show -json` prints: the state, read
again and not, and plans, of nothing and of changes, also one made without any
server.  What somebody changes by hand is found in each.  Needs terraform and a mirror of hashicorp/aws (TF_PLUGIN_DIR,
or /opt/tf-plugins): nothing is fetched.  Without them it says SKIP.
"""
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REGION = "us-east-1"
os.environ.update(MOTO_ACCOUNT_ID="111122223333", AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing",
                  AWS_DEFAULT_REGION=REGION, AWS_EC2_METADATA_DISABLED="true",
                  CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1",
                  TF_CLI_CONFIG_FILE="/dev/null")

FIREBREAK = os.path.realpath(sys.argv[1])
PROVIDER = "registry.terraform.io/hashicorp/aws"
failed = 0

# Every way in which a rule can be said: with and without ports, by type and code,
# all, all of a protocol; to a group, to itself, to a list, to prefixes of both.
KINDS = """language 1;
policy kinds "every kind of rule";
environments prod;
aws { rules-per-group 20; }
layer front "in front"; layer back "behind";
network office "theirs" via vpn;
network tunnel "their end" via nat;
network s3 "images" prefix-list "com.amazonaws.{region}.s3" via endpoint;
all:     allow back -> back on any reason "members of one group";
ports:   allow front -> back on tcp/32768-65535, tcp/0-65535, udp/53 reason "ports";
pmtud:   allow office -> front on icmp/3/4, icmp/8, icmp6/2 ticket CHG-1 reason "types";
esp:     allow tunnel -> front on proto/50, proto/47 reason "no ports";
images:  allow back -> s3 on tcp/443 reason "a list";
public:  allow internet -> front on tcp/443 reason "the fewest prefixes";
environment prod {
  region us-east-1;
  vpc 10.0.0.0/16, 2600:1f18:4a3:6900::/56;
  layer front 10.0.0.0/24, 2600:1f18:4a3:6900::/64;
  layer back 10.0.1.0/24, 2600:1f18:4a3:6901::/64;
  network office 172.20.0.0/16, fd20:5:ba::/64;
  network tunnel 192.0.2.7;
}
"""


def mirror():
    for place in (os.environ.get("TF_PLUGIN_DIR"), "/opt/tf-plugins",
                  os.path.expanduser("~/.terraform.d/plugins")):
        if place and os.path.isdir(os.path.join(place, PROVIDER)):
            return place
    return None


def check(what, good, *details):
    global failed
    print(f"{'ok  ' if good else 'FAIL'} {what}", flush=True)
    if not good:
        failed += 1
        print(*details, sep="\n")
    return good


def run(what, command, cwd=None, codes=(0,)):
    begun = time.monotonic()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if not check(f"{what}, {time.monotonic() - begun:.1f} s", done.returncode in codes,
                 f"exit {done.returncode}", done.stdout[-2000:], done.stderr[-4000:]):
        sys.exit(1)     # what comes after stands on it
    return done


# --- the mock ---

def start():
    """A moto server that takes rules as AWS does; its address."""
    from moto.ec2.models import security_groups as model
    from moto.server import ThreadedMotoServer

    # both families against one 60: the quota is our own to check (P0502)
    model.SecurityGroupBackend._verify_group_will_respect_rule_count_limit = (
        lambda *arguments, **options: None)
    begin = model.SecurityGroupRule.__init__

    def with_ports(self, backend, protocol, group, start, end, *more, **named):
        # AWS takes a protocol without ports; moto answers 500
        begin(self, backend, protocol, group, -1 if start is None else start,
              -1 if end is None else end, *more, **named)
        self.peer_list = named.get("prefix_list_id") or (more[2] if len(more) > 2 else None) or {}

    def description(self):
        # moto knows that of an address, and forgets that of a group or list
        for peer in (self.ip_range, self.source_group, getattr(self, "peer_list", {})):
            if peer and peer.get("Description"):
                return peer["Description"]
        return None

    model.SecurityGroupRule.__init__ = with_ports
    model.SecurityGroupRule.description = property(description)
    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return server, f"http://{host}:{port}"


def capture(ec2, identity):
    """What a user saves of one environment."""
    answer = ec2.describe_security_groups(Filters=[
        {"Name": f"tag:firebreak:{key}", "Values": [value]} for key, value in identity.items()])
    answer.pop("ResponseMetadata")
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    return {**answer, "PrefixLists": [{k: one[k] for k in ("PrefixListId", "PrefixListName")}
                                      for one in lists]}


def default_group(ec2, vpc):
    return ec2.describe_security_groups(Filters=[
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]


def by_hand(ec2, vpc):
    """A rule that somebody adds to the VPC's default group."""
    ec2.authorize_security_group_ingress(
        GroupId=default_group(ec2, vpc)["GroupId"], IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
             "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])


# --- Terraform ---

def root(work, plugins, modules, **provider):
    """A root that calls each of MODULES, {name: (file, vpc)}."""
    work.mkdir()
    for name, (file, _) in modules.items():
        (work / name).mkdir()
        shutil.copy(file, work / name / "aws.tf.json")
    (work / "main.tf.json").write_text(json.dumps({
        # the account id is asked for: without it references to groups drift
        "provider": {"aws": {"region": REGION, "skip_credentials_validation": True,
                             "skip_metadata_api_check": True, **provider}},
        "module": {name: {"source": f"./{name}", "vpc_id": vpc}
                   for name, (_, vpc) in modules.items()}}))
    run("terraform init", ["terraform", "init", f"-plugin-dir={plugins}", "-input=false",
                           "-no-color"], work)


def apply(work):
    done = run("terraform apply", ["terraform", "apply", "-auto-approve", "-input=false",
                                   "-no-color", "-parallelism=32"], work)
    said = re.search(r"Apply complete! Resources: (.*)\.", done.stdout)
    return said[1] if said else ""


def plan(work, more=()):
    """What a plan would do: "" for nothing."""
    done = run("terraform plan", ["terraform", "plan", "-detailed-exitcode", "-input=false",
                                  "-no-color", "-parallelism=32", *more], work, (0, 2))
    if done.returncode == 0:
        return "" if "No changes." in done.stdout else "exit 0, and changes"
    return done.stdout


def prove(what, policy, seen, code, says=""):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(seen, file, default=str)
        file.flush()
        done = run(what, [FIREBREAK, "prove", policy, file.name], codes=(code,))
        check(f"  and says {says!r}", says in done.stderr, done.stderr) if says else None


def show(work, *of):
    """What `terraform show -json` prints of the state, or of a plan."""
    return json.loads(run("terraform show", ["terraform", "show", "-json", *of], work).stdout)


def planned(work, *more):
    """The same of a plan that is made now."""
    run("terraform plan", ["terraform", "plan", "-input=false", "-no-color", "-out=plan",
                           "-parallelism=32", *more], work)
    return show(work, "plan")


def refresh(work):
    run("terraform apply -refresh-only", [
        "terraform", "apply", "-refresh-only", "-auto-approve", "-input=false", "-no-color",
        "-parallelism=32"], work)


def with_terraform(work, plugins, policy, environment):
    import boto3

    server, url = start()
    os.environ["AWS_ENDPOINT_URL"] = url
    ec2 = boto3.client("ec2")
    small = work / "kinds.fbk"
    small.write_text(KINDS)
    customer, name = environment.split(".")
    run(f"compile {environment}", [FIREBREAK, "compile", "-t", "terraform", "--only", environment,
                                   policy, "-o", work / "out"])
    run("compile every kind of rule", [FIREBREAK, "compile", "-t", "terraform", small, "-o",
                                       work / "kinds"])
    vpcs = [ec2.create_vpc(CidrBlock=block, AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
            for block in ("10.0.0.0/16", "10.1.0.0/16")]
    by_hand(ec2, vpcs[0])
    here = work / "root"
    root(here, plugins, {"real": (work / "out" / customer / name / "aws.tf.json", vpcs[0]),
                         "kinds": (work / "kinds" / "prod" / "aws.tf.json", vpcs[1])})
    made = apply(here)
    check(f"applied: {made}", re.match(r"[1-9]\d* added, 0 changed, 0 destroyed$", made))
    rules = [default_group(ec2, vpc)[key] for vpc in vpcs
             for key in ("IpPermissions", "IpPermissionsEgress")]
    check("the default groups have no rules", rules == [[]] * 4, rules)
    more = plan(here)
    check("no changes", not more, more[-4000:])
    whole = {"customer": customer, "environment": name}
    prove(f"what AWS has of {environment} is equal", policy, capture(ec2, whole), 0)
    prove(f"the state of {environment} is equal", policy, show(here), 0)
    prove("the state of every kind of rule is equal", small, show(here), 0)
    kinds = capture(ec2, {"policy": "kinds"})
    prove("what AWS has of every kind of rule is equal", small, kinds, 0)
    kinds["SecurityGroups"][0]["IpPermissions"].pop()
    prove("and without one permission it is not", small, kinds, 1)
    by_hand(ec2, vpcs[1])
    said = plan(here, ["-target=module.kinds.aws_default_security_group.default"])
    check("a rule by hand in a default group is taken out",
          re.search(r"^Plan: 0 to add, 1 to change, 0 to destroy\.$", said, re.M), said[-4000:])
    by_hand_in(here, ec2, small, vpcs[1])
    renamed(here, work, small)
    widened(here, work, small)
    server.stop()
    del os.environ["AWS_ENDPOINT_URL"]
    offline(work, plugins)


def by_hand_in(here, ec2, small, vpc):
    """What somebody did is in the state when Terraform has looked, and in every plan."""
    back = ec2.describe_security_groups(Filters=[
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "tag:firebreak:layer", "Values": ["back"]}])
    group = back["SecurityGroups"][0]["GroupId"]
    added = {"IpProtocol": "tcp", "FromPort": 2222, "ToPort": 2222,
             "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[added])
    prove("a plan tells of a rule by hand", small, planned(here), 1, "port 2222")
    refresh(here)
    prove("and so does the state", small, show(here), 1,
          "module.kinds.aws_security_group.back.ingress, \"no resource states it\"")
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[added])
    refresh(here)
    # the default group has a rule by hand as well
    prove("and of the default group", small, show(here), 1, "default group: ingress")
    prove("which the plan takes out", small, planned(here), 0)
    apply(here)
    refresh(here)
    prove("the state that was read again is equal", small, show(here), 0)
    prove("a plan for some of it is not proved", small, planned(here, "-target=module.real"),
          2, "`complete` is not true")
    prove("a plan that takes all away is not proved", small, planned(here, "-destroy"), 2,
          "no security group after the apply")


def widened(here, work, small):
    """Another file: its plan is what it says, and the policy's no more."""
    before = small.read_text()
    small.write_text(before.replace("udp/53 reason", "udp/53-54 reason")
                     .replace("proto/50, proto/47", "proto/50"))
    run("compile what is wider", [
        FIREBREAK, "compile", "-t", "terraform", small, "-o", work / "wider"])
    shutil.copy(work / "wider" / "prod" / "aws.tf.json", here / "kinds" / "aws.tf.json")
    plan_of_it = planned(here)
    prove("its plan is equal to its policy", small, plan_of_it, 0)
    apply(here)
    prove("its state is not before it is read again", small, show(here), 1,
          "no resource states it")
    refresh(here)
    prove("and then is", small, show(here), 0)
    small.write_text(before)
    prove("and the plan not equal to the policy before", small, plan_of_it, 1, "port 54")


def offline(work, plugins):
    """A plan without any server, of the policy without its list, which AWS would know."""
    small = work / "offline.fbk"
    small.write_text("".join(line for line in KINDS.splitlines(True)
                             if not line.startswith(("images:", "network s3"))))
    run("compile for a plan offline", [
        FIREBREAK, "compile", "-t", "terraform", small, "-o", work / "off"])
    here = work / "offline"
    root(here, plugins, {"kinds": (work / "off" / "prod" / "aws.tf.json", "vpc-12345678")},
         skip_requesting_account_id=True)
    prove("a plan offline is equal", small, planned(here), 0)


def renamed(here, work, small):
    """A rule of another name stays the same one in AWS."""
    small.write_text(KINDS.replace("ports:", "doors:"))
    run("compile with another name", [
        FIREBREAK, "compile", "-t", "terraform", "--previous", work / "kinds", small, "-o",
        work / "renamed"])
    shutil.copy(work / "renamed" / "prod" / "aws.tf.json", here / "kinds" / "aws.tf.json")
    said = plan(here, ["-target=module.kinds"])
    check("a rule of another name is neither made nor taken away",
          re.search(r"^Plan: 0 to add, [1-9]\d* to change, 0 to destroy\.$", said, re.M),
          said[-4000:])


def main():
    plugins = mirror()
    if not shutil.which("terraform"):
        print("SKIP terraform apply and plan: no terraform on this machine")
        return
    if not plugins:
        print("SKIP terraform apply and plan: no mirror of hashicorp/aws (set TF_PLUGIN_DIR)")
        return
    with tempfile.TemporaryDirectory() as work:
        with_terraform(Path(work), plugins, sys.argv[2], sys.argv[3])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

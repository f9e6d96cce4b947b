#!/usr/bin/env python3
"""Is every template one that cfn-lint has nothing to say about?

    lint.py CFN_LINT FIREBREAK aws.cfn.json...

The given templates, one of a policy made here that takes all 500 resources and
every kind of rule, and access scopes that exclude a prefix list.  cfn-lint 1.51.0 is wrong about one thing, mended upstream
(aws-cloudformation/cfn-lint#4600): it says that type and code are ignored for
icmpv6, and wants both to be -1 when one is; EC2 and the reference of the resource
say otherwise.  These two are left out at rules of icmpv6, and nowhere else.
"""
import json
import os
import subprocess
import sys
import tempfile

LINT, FIREBREAK, FILES = sys.argv[1], sys.argv[2], sys.argv[3:]
LAYERS, RESOURCES = 20, 500


def largest():
    """A policy whose template has RESOURCES resources."""
    each = (RESOURCES - LAYERS) // 2 // LAYERS
    lines = ["language 1;", "policy largest;", "environments prod;",
             "network partner = 192.0.2.0/28, 2001:db8:77::/64;",
             'network s3 prefix-list "com.amazonaws.{region}.s3" = 3.5.0.0/19;']
    lines += [f"layer l{i};" for i in range(LAYERS)]
    lines += ["environment prod { region eu-west-1; vpc 10.0.0.0/16, 2600:1f18:1:100::/56;"]
    lines += [f"  layer l{i} 10.0.{i}.0/24, 2600:1f18:1:1{i:02x}::/64;" for i in range(LAYERS)]
    lines += ["}"]
    for i in range(LAYERS):
        ports = ", ".join(f"tcp/{2 * p + 1000}" for p in range(each))
        lines += [f"mesh{i}: allow l{i} -> l{(i + 1) % LAYERS} on {ports};",
                  f"in{i}: allow partner -> l{i} on tcp/443, udp/53, icmp/any, proto/50;",
                  f"six{i}: allow partner -> l{i} on icmp6/any, icmp6/128, icmp6/2/0;",
                  f"out{i}: allow l{i} -> partner on any;"]
        if i % 2:
            lines += [f"pull{i}: allow l{i} -> s3 on tcp/80;"]
    return "\n".join(lines)


def compiled(directory):
    source = os.path.join(directory, "largest.fbk")
    with open(source, "w") as file:
        file.write(largest())
    subprocess.run([FIREBREAK, "compile", "-q", "-t", "cloudformation", "-o", directory, source],
                   check=True, stderr=subprocess.DEVNULL)
    path = os.path.join(directory, "prod", "aws.cfn.json")
    with open(path) as file:
        count = len(json.load(file)["Resources"])
    if count != RESOURCES:
        sys.exit(f"the largest template has {count} resources, not {RESOURCES}")
    return path


def scoped(directory):
    """Access scopes with every kind of condition and parameter."""
    source = os.path.join(directory, "scoped.fbk")
    with open(source, "w") as file:
        file.write("""language 1;
policy scoped;
environments prod;
layer app;
network s3 prefix-list "com.amazonaws.{region}.s3" via endpoint;
environment prod { region us-east-1; vpc 10.0.0.0/16; layer app 10.0.1.0/24; }
images: allow app -> s3 on tcp/443;
confined: confine app -> s3 on tcp/443;
quiet: never any -> app on tcp/22, udp/53-99;
aws { tag "cost-center" "17"; }
""")
    subprocess.run([FIREBREAK, "compile", "-q", "-t", "scopes", "-o", directory, source],
                   check=True)
    return os.path.join(directory, "prod", "aws.scopes.json")


def is_icmpv6(finding):
    """Does it stand at a rule of icmpv6?"""
    with open(finding["Filename"]) as file:
        at = json.load(file)
    rule = {}
    for key in finding["Location"]["Path"]:
        at = at[key]
        rule = at if isinstance(at, dict) and "IpProtocol" in at else rule
    return rule.get("IpProtocol") == "icmpv6"


with tempfile.TemporaryDirectory() as work:
    files = FILES + [compiled(work), scoped(work)]
    done = subprocess.run([LINT, "--format", "json", "--", *files], capture_output=True, text=True)
    if done.stderr.strip() or not done.stdout.strip().startswith("["):
        sys.exit(f"cfn-lint does not answer: {done.stderr}{done.stdout}")
    found = json.loads(done.stdout)
    wrong = [f for f in found if f["Rule"]["Id"] not in ("W3687", "E3688") or not is_icmpv6(f)]
    for finding in wrong:
        print(finding["Filename"], finding["Rule"]["Id"], finding["Message"],
              finding["Location"]["Path"])
    print(f"cfn-lint: {len(files)} templates, {len(wrong)} findings "
          f"(and {len(found) - len(wrong)} of its own about icmpv6)")
    sys.exit(1 if wrong else 0)

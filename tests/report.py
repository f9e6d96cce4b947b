"""Hostile texts in every format of the report; the model against its schema."""
import csv
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

tool, work = sys.argv[1:3]
bad = 0


def fail(what):
    global bad
    bad = 1
    print("FAILED:", what)


HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "${var.x}", "{{resolve:x}}",
    "=1+1", "@SUM(A1)", "-2", "+3", "a|b `c` *d* [e](f) <g>",
    "]]>", "--> <!--", "</style><b>", "\\\" onload=\\\"x", "'; drop", "caf\u00e9 \u4e2d\u6587",
]


def policy():
    out = ['language 1;', 'policy hostile "</title><script>alert(0)</script>";', 'environments prod;',
           'layer a "</style><script>x</script>"; layer b "=cmd|x";', 'network n "<b>" = 192.0.2.0/24;',
           'customer c "</th><script>z</script>" { environment prod { account "0123<i>";',
           'vpc 10.0.0.0/16; layer a 10.0.0.0/24; layer b 10.0.1.0/24; } }',
           'shut: never b -> a reason "<script>y</script>" controls iso27001:A.8.22;']
    for i, text in enumerate(HOSTILE):
        out.append(f'r{i}: allow a -> b on tcp/{1000 + i} owner "{text}" ticket "{text}" reason "{text}" '
                   f'approved by "{text}" expires 2027-01-01;')
        out.append(f'freeze 2026-11-{10 + i} .. 2026-12-{10 + i} "{text}" in prod;')
        out.append(f'e{i}: allow a -> b on tcp/{1000 + i} emergency 2026-11-26 by "{text}" owner "{text}" ticket "{text}" '
                   f'expires 2026-11-28;')
    return "\n".join(out) + "\n"


class Page(HTMLParser):
    """Tags are only ours, closed in order, and no attribute runs anything."""

    VOID = {"meta", "wbr", "br", "path", "rect", "input"}
    FILES = set("""index.html report.html report.md model.json fleet.csv freezes.csv rules.csv matrix.csv oscal.json
        findings.sarif MANIFEST.sha256""".split())
    OURS = set("""html head meta title style body a div nav p span ol ul li br main header h1 h2 h3 dl dt dd section b i
        table caption thead tbody tr th td code small wbr figure svg path rect text g pre footer
        details summary fieldset legend input label""".split())

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in self.OURS:
            fail(f"a tag <{tag}> in the HTML")
        for name, value in attrs:
            own = value and (value.startswith("#") or value.partition("#")[0] in self.FILES)
            if name.startswith("on") or (name in ("href", "src") and not own):
                fail(f"an attribute {name}={value}")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            fail(f"</{tag}> closes something else")


STRANGE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")

def captures():
    """Two of one environment that differ: an account's, with every hostile text, and one that is nothing."""
    with open(f"{work}/plain.fbk", "w") as file:
        file.write("language 1; policy hostile; environments prod; layer a; layer b;\n"
                   "customer c { environment prod { vpc 10.0.0.0/16; layer a 10.0.0.0/24; layer b 10.0.1.0/24; } }\n"
                   + "\n".join(f"r{i}: allow a -> b on tcp/{2000 + i};" for i in range(len(HOSTILE))))
    subprocess.run([tool, "compile", "-q", "-t", "ec2", f"{work}/plain.fbk", "-o", f"{work}/plain"], check=True)
    account = json.load(open(f"{work}/plain/c/prod/aws.ec2.json"))
    for group in account["SecurityGroups"]:
        group["Description"] = HOSTILE[0]
        for i, rule in enumerate(group["IpPermissions"] + group["IpPermissionsEgress"]):
            rule["FromPort"] += 100
            rule["ToPort"] += 100
            for pair in rule["UserIdGroupPairs"]:
                pair["Description"] = HOSTILE[i % len(HOSTILE)] + "\u202e\u200b\x1b[2J"
    names = [f"{work}/=1+1<script>.json", f"{work}/\u202e`x|y.nft"]
    for name, text in zip(names, [json.dumps(account), "".join(HOSTILE)]):
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
    return [part for name in names for part in ("--capture", name)]


with open(f"{work}/hostile.fbk", "w") as file:
    file.write(policy())
run = subprocess.run([tool, "report", "--oscal", f"{work}/hostile.fbk", "-o", f"{work}/hostile", "--as-of", "2026-11-27",
                      "--classification", "</style><script>\u202egnp.exe\u200b", *captures()], capture_output=True, text=True)
# AWS refuses such texts in descriptions or takes them escaped; the report is there either way
if run.returncode not in (0, 1):
    fail(f"report exits {run.returncode}: {run.stderr[:500]}")
texts = {name: open(f"{work}/hostile/{name}", encoding="utf-8", newline="").read()
         for name in ("report.html", "index.html", "report.md", "model.json", "oscal.json", "findings.sarif", "rules.csv",
                      "matrix.csv", "fleet.csv", "freezes.csv")}
for name, text in texts.items():
    if STRANGE.search(text):
        fail(f"a character that hides or turns text in {name}")

import base64, hashlib
for name in ("report.html", "index.html"):
    page = Page()
    page.feed(texts[name])
    if page.open:
        fail(f"{name}: left open: {page.open}")
    if "script" in page.seen:
        fail(f"a script in {name}")
    style = re.search(r"<style>(.*?)</style>", texts[name], re.S).group(1)
    if "<" in style:
        fail(f"a < in the style of {name}")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    if f"style-src 'sha256-{digest}'" not in texts[name]:
        fail(f"{name}: the digest of the style is not the one in the policy of the page")

for name in ("rules.csv", "matrix.csv", "fleet.csv", "freezes.csv"):
    rows = list(csv.reader(io.StringIO(texts[name])))
    if len({len(row) for row in rows}) != 1:
        fail(f"{name}: rows of different lengths")
    for row in rows:
        for cell in row:
            if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
                fail(f"a formula in {name}: {cell}")
rows = list(csv.DictReader(io.StringIO(texts["rules.csv"])))
if len(rows) != 2 * len(HOSTILE):
    fail(f"{len(rows)} rules in the register")

model = json.loads(texts["model.json"])
reasons = {rule["name"]: rule["reason"] for rule in model["rules"]}
for i, text in enumerate(HOSTILE):
    want = text.replace('\\"', '"')
    if reasons[f"r{i}"] != want:
        fail(f"JSON changes {want!r} to {reasons[f'r{i}']!r}")


def full(path):
    """Rules a group has in an aws.tf.json by direction and family; a list of S3 counts one in IPv4."""
    made = json.load(open(path))["resource"]
    out = {group: [0] * 4 for group in made["aws_security_group"]}
    for k, direction in enumerate(("ingress", "egress")):
        for rule in made.get(f"aws_vpc_security_group_{direction}_rule", {}).values():
            used = out[re.search(r"aws_security_group\.(\w+)\.", rule["security_group_id"]).group(1)]
            if "cidr_ipv6" not in rule:
                used[2 * k] += 1
            if "cidr_ipv6" in rule or "referenced_security_group_id" in rule:
                used[2 * k + 1] += 1
    return out


# What the report says of quotas, counted again in the files.
said = {}
for group in json.load(open(f"{work}/b/model.json"))["security_groups"]:
    for environment in group["environments"]:
        said[environment, group["layer"]] = [group[f"{d}_{f}"] for d in ("ingress", "egress") for f in ("ipv4", "ipv6")]
counted = {}
for environment in json.load(open(f"{work}/b/model.json"))["environments"]:
    path = f"{work}/b/outputs/{environment['customer']}/{environment['environment']}/aws.tf.json"
    for group, used in full(path).items():
        counted[environment["name"], group] = used
if said != counted or len(said) < 20:
    fail(f"quotas: {sorted(set(map(str, said.items())) ^ set(map(str, counted.items())))[:4]}")

account, nothing = model["captures"]
told = "".join(d["lines"] for d in account["differences"])
if account["state"] != "differs" or not any(text in told for text in HOSTILE):
    fail(f"a hostile account is {account['state']}, and its words are {told[:300]!r}")
if nothing["state"] != "not proved" or nothing["environment"] is not None:
    fail(f"a hostile ruleset is {nothing}")
if not re.fullmatch("captures/0001-[A-Za-z0-9._-]+", account["path"]):
    fail(f"a capture is kept at {account['path']}")
for line in texts["report.md"].splitlines():
    if re.search(r"(?<!\\)<(?!/?details)", line) and "`" not in line:
        fail(f"a raw < in Markdown: {line}")

try:
    import jsonschema
    schema = json.load(open("schemas/model.schema.json"))
    jsonschema.Draft7Validator.check_schema(schema)
    for file in (f"{work}/hostile/model.json", f"{work}/b/model.json", f"{work}/broken/model.json",
                 f"{work}/period/model.json", f"{work}/steps/model.json", f"{work}/captured/model.json",
                 f"{work}/urgent/model.json"):
        for error in jsonschema.Draft7Validator(schema).iter_errors(json.load(open(file))):
            fail(f"{file}: {error.message[:200]}")
    sarif = jsonschema.Draft4Validator(json.load(open("tests/schemas/sarif-schema-2.1.0.json")))
    for name in ("hostile", "b", "broken", "urgent"):
        document = json.load(open(f"{work}/{name}/findings.sarif"))
        for error in sarif.iter_errors(document):
            fail(f"{name}/findings.sarif: {error.message[:200]}")
        told = {result["ruleId"] for result in document["runs"][0]["results"]}
        if ("P0401" in told) != (name == "broken"):
            fail(f"{name}/findings.sarif tells {sorted(told)}")
except ImportError:
    fail("python3-jsonschema is not installed: the model was not held against its schema")

print(f"report: {len(HOSTILE)} hostile texts in {len(texts)} formats")
sys.exit(bad)

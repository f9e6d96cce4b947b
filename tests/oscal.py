"""oscal.json of bundles against NIST's schema, and against their model.json.

    oscal.py BUNDLE…     each made with --oscal

The schema names its parts by `$id` and its tokens by \\p{L}: both are put in the
words of Debian's jsonschema first, which knows neither.
"""
import hashlib
import json
import re
import sys
import urllib.parse

import jsonschema

bad = 0


def fail(what):
    global bad
    bad = 1
    print("FAILED:", what)


def translated(node, ids):
    if isinstance(node, list):
        return [translated(one, ids) for one in node]
    if not isinstance(node, dict):
        return node
    out = {key: translated(value, ids) for key, value in node.items() if key != "$id"}
    if isinstance(out.get("$ref"), str):
        out["$ref"] = ids.get(out["$ref"], out["$ref"])
    if isinstance(out.get("pattern"), str):
        pattern = out["pattern"].replace(r"(\p{L}|_)", r"[^\W\d]").replace(r"\p{L}", r"[^\W\d_]").replace(r"\p{N}", r"\d")
        out["pattern"] = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    return out


def schema():
    raw = json.load(open("tests/schemas/oscal_assessment-results_schema-1.0.6.json"))
    ids = {part["$id"]: f"#/definitions/{name}" for name, part in raw["definitions"].items() if "$id" in part}
    return jsonschema.Draft7Validator(translated(raw, ids))


def walk(node, path=""):
    """Every (path, value) that is no object or list."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, (dict, list)):
            if not value:
                fail(f"{path}/{key} is empty")
            yield from walk(value, f"{path}/{key}")
        else:
            yield f"{path}/{key}", value


def observed(finding, observations):
    return observations[finding["related-observations"][0]["observation-uuid"]]


def running(bundle, capture, result, observations):
    """The finding on a capture says whether it is equal, and shows every packet that differs."""
    states = {"equal": ("satisfied", "pass"), "differs": ("not-satisfied", "fail"), "not proved": ("not-satisfied", "other")}
    target = f"running-{capture['environment']}" if capture["environment"] else "running"
    for finding in result["findings"]:
        seen = observed(finding, observations)
        if finding["target"]["target-id"] != target or \
           urllib.parse.unquote(seen["relevant-evidence"][0]["href"]) != capture["path"]:
            continue
        status = finding["target"]["status"]
        if (status["state"], status["reason"]) != states[capture["state"]]:
            fail(f"{bundle}: {capture['path']} is {status}")
        for packet in (d[key] for d in capture["differences"] for key in ("extra", "missing")):
            if packet not in seen["description"]:
                fail(f"{bundle}: {capture['path']} shows no {packet}")
        break
    else:
        fail(f"{bundle}: nothing on {capture['path']}")
    return {target}


def frozen(bundle, step, findings, observations):
    """The finding on a commit on a day of a freeze says whether it broke one, and shows the packet."""
    target = f"commit-{step['commit'][:12]}"
    finding = findings.get(target)
    if not finding:
        fail(f"{bundle}: nothing on {target}")
        return set()
    broken = any("broken" in (f["openings"], f["closings"]) for f in step["freezes"])
    wanted = ("not-satisfied", "other") if not step["judged"] else ("not-satisfied", "fail") if broken else ("satisfied", "pass")
    if (finding["target"]["status"]["state"], finding["target"]["status"]["reason"]) != wanted:
        fail(f"{bundle}: {target} is {finding['target']['status']}")
    for freeze in step["freezes"]:
        if freeze["example"] not in observed(finding, observations)["description"]:
            fail(f"{bundle}: {target} shows no packet")
    return {target}


def compare(bundle):
    """What it says of each invariant is what the model says; digests are those of the files."""
    top = json.load(open(f"{bundle}/oscal.json"))["assessment-results"]
    model = json.load(open(f"{bundle}/model.json"))
    result = top["results"][0]
    uuids = [value for path, value in walk(top) if path.endswith("/uuid")]
    if len(uuids) != len(set(uuids)):
        fail(f"{bundle}: a UUID twice")
    resource = top["back-matter"]["resources"][0]
    if top["import-ap"]["href"] != "#" + resource["uuid"]:
        fail(f"{bundle}: import-ap leads nowhere")
    links = {urllib.parse.unquote(link["href"]): link["hashes"][0]["value"] for link in resource["rlinks"]}
    if set(links) != {f"sources/{s['path']}" for s in model["sources"] if s["path"][0] != "<"}:
        fail(f"{bundle}: the policy is {sorted(links)}")
    for path, digest in links.items():
        if hashlib.sha256(open(f"{bundle}/{path}", "rb").read()).hexdigest() != digest:
            fail(f"{bundle}: {path} has another digest")
    states = {"holds": ("satisfied", "pass"), "broken": ("not-satisfied", "fail"), "waived": ("not-satisfied", "other")}
    observations = {one["uuid"]: one for one in result.get("observations", [])}
    findings = {one["target"]["target-id"]: one for one in result.get("findings", [])}
    asked = {i["name"] for i in model["invariants"]}
    for capture in model["captures"]:
        asked |= running(bundle, capture, result, observations)
    for step in (model["changes"] or {}).get("during_freezes", []):
        asked |= frozen(bundle, step, findings, observations)
    if set(findings) != asked or len(observations) != len(result.get("findings", [])):
        fail(f"{bundle}: findings of {sorted(findings)}")
    for invariant in model["invariants"]:
        finding = findings[invariant["name"]]
        status = finding["target"]["status"]
        if (status["state"], status["reason"]) != states[invariant["result"]]:
            fail(f"{bundle}: {invariant['name']} is {status}")
        if [p["value"] for p in finding.get("props", [])] != invariant["controls"]:
            fail(f"{bundle}: controls of {invariant['name']}")
        seen = observed(finding, observations)
        if seen["title"] != invariant["name"]:
            fail(f"{bundle}: {invariant['name']} rests on another observation")
        for hop in invariant["route"]:
            if hop["packet"] not in seen["description"]:
                fail(f"{bundle}: {invariant['name']} shows no packet")
    chosen = [c["control-id"] for s in result["reviewed-controls"]["control-selections"]
              for c in s.get("include-controls", [])]
    if len(chosen) != len(model["controls"]):
        fail(f"{bundle}: {len(chosen)} controls")


validator = schema()
for bundle in sys.argv[1:]:
    for error in validator.iter_errors(json.load(open(f"{bundle}/oscal.json"))):
        fail(f"{bundle}: /{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    compare(bundle)

# The validator sees what OSCAL forbids.
good = json.load(open(f"{sys.argv[1]}/oscal.json"))
for path, value in (("uuid", "8b2317ca-d712-1fb3-a0ac-04692b7b909e"), ("results", []), ("more", "x")):
    broken = json.loads(json.dumps(good))
    broken["assessment-results"][path] = value
    if validator.is_valid(broken):
        fail(f"the schema takes {path} = {value!r}")
selection = good["assessment-results"]["results"][0]["reviewed-controls"]["control-selections"][0]
selection["include-controls"] = [{"control-id": "1.4.4"}]
if validator.is_valid(good):
    fail("the schema takes a control that begins with a digit")

print(f"oscal: {len(sys.argv) - 1} bundles")
sys.exit(bad)

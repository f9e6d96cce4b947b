#!/usr/bin/env python3
"""Hostile text: each ends in a clear error or in harmless output, soon.

Of every run: the exit code and the first message are the expected ones, what
goes to the terminal holds no control character, no broken UTF-8 and no mark
that turns text, and it took less than a second of processor time (a few under
a sanitizer).  The texts are made here, because nobody wants to have 100,000
parentheses in a repository.
"""

import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

TOOL = os.path.abspath(os.environ.get("FIREBREAK", "build/firebreak"))
# a second alone; CI shares its processors, and a sanitizer takes its own
SECONDS = 10.0 if "/asan/" in TOOL else 2.0
DAY = ["--as-of", "2026-11-23"]
HEAD = "language 1;\npolicy p;\nenvironments prod;\nlayer a;\nlayer b;\n"
PLACE = ("environment prod { vpc 10.0.0.0/8; layer a 10.0.0.0/16; "
         "layer b 10.1.0.0/16; }\n")
RULE = "r: allow a -> b on tcp/443;\n"
# controls but newline, what turns or hides text, the replacement of bad bytes
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f"
                 "\u2028-\u202e\u2060-\u206f\ufeff]")
MIB = 1 << 20

bad = 0
slowest = (0.0, "")


def wrong(name, why):
    global bad
    bad += 1
    print(f"hostile: {name}: {why}")


def run(name, arguments, want, says="", input=None, cwd=None):
    """Run the tool; its output as text."""
    global slowest
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run([TOOL, *arguments], capture_output=True,
                              input=input, cwd=cwd, timeout=120)
    except subprocess.TimeoutExpired:
        wrong(name, "does not end")
        return ""
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = (after.ru_utime + after.ru_stime
            - before.ru_utime - before.ru_stime)
    slowest = max(slowest, (took, name))
    told = done.stderr + done.stdout
    if done.returncode != want:
        wrong(name, f"exit {done.returncode} instead of {want}: {told[:300]!r}")
    if says.encode() not in told:
        wrong(name, f"does not say {says!r}: {told[:300]!r}")
    if took > SECONDS:
        wrong(name, f"took {took:.2f} s of processor time")
    if len(told) > 64 << 10:
        wrong(name, f"{len(told)} bytes of output")
    try:
        text = told.decode()
    except UnicodeDecodeError as error:
        wrong(name, f"prints what is no UTF-8: {error}")
        return ""
    raw = RAW.search(text)
    if raw:
        wrong(name, f"prints {raw.group()!r} raw")
    return text


def check(name, text, want, says="", laid_out=None):
    """A policy in one file: check it, and lay it out."""
    data = text if isinstance(text, bytes) else text.encode()
    path = here / "case.fbk"
    path.write_bytes(data)
    told = run(name, ["check", *DAY, str(path)], want, says)
    # nothing is rewritten: either it is refused as check refuses it, or the
    # layout is another one
    if laid_out is not None:
        run(name + ", fmt", ["fmt", "--check", str(path)], laid_out)
    return told


def texts():
    check("parentheses 100,000 deep",
          HEAD + "group g = " + "(" * 100000 + "a" + ")" * 100000 + ";",
          2, "nested deeper than 64", 2)
    check("blocks 100,000 deep",
          HEAD + "".join(f"customer c{i} {{" for i in range(100000))
          + "}" * 100000, 2, "nested too deeply", 2)
    check("closed 100,000 times", HEAD + "}" * 100000 + ")" * 100000, 2,
          "does not belong here", 2)
    check("a name of 100 kB", HEAD + f"layer {'x' * 100000};", 2, "P0012", 1)
    check("an unknown name of 100 kB",
          HEAD + PLACE + f"r: allow {'y' * 100000} -> b on any;", 2, "P0101")
    check("a comment of 16 MiB",
          HEAD + PLACE + RULE + "#" * (16 * MIB - len(HEAD + PLACE + RULE)),
          0, "", 1)
    check("17 MiB", HEAD + "#" * (17 * MIB), 2, "larger than 16 MiB", 2)
    check("NUL", HEAD + "layer c\0;", 2, "U+0000", 2)
    check("a text without end", HEAD + 'layer c "abc\n' + RULE, 2,
          "this text has no end", 2)
    check("a text of 10 MB without end", HEAD + 'layer c "' + "abc" * 3333333,
          2, "this text has no end", 2)
    check("bad UTF-8 in a text", HEAD.encode() + b'layer c "\xff\xfe";', 2,
          "not UTF-8", 2)
    check("UTF-8 cut off at the end", HEAD.encode() + b"# \xe2\x82", 2,
          "not UTF-8", 2)
    check("overlong UTF-8", HEAD.encode() + b"# \xc0\xaf", 2, "not UTF-8", 2)
    check("a surrogate", HEAD.encode() + b"# \xed\xa0\x80", 2, "not UTF-8", 2)
    check("a mark that turns text", HEAD + 'layer c "\u202eevil";', 2,
          "U+202E", 2)
    check("a tag character", HEAD + "# \U000e0041", 2, "U+E0041", 2)
    check("an ANSI escape in a comment", HEAD + "# \x1b[2J", 2, "U+001B", 2)
    check("a C1 control", HEAD + "# \x9b2J", 2, "U+009B", 2)
    check("a return alone", HEAD + "# fine\rlayer x;\n", 2, "U+000D", 2)
    check("a byte order mark", b"\xef\xbb\xbf" + HEAD.encode(), 2, "U+FEFF", 2)
    check("CRLF", (HEAD + PLACE + RULE).replace("\n", "\r\n"), 0, "", 1)
    check("a line of 10 MB",
          HEAD + PLACE + RULE + "group g = "
          + ", ".join(["a-name-of-" + "x" * 90] * 100000) + ";", 2,
          "P0101", 1)
    check("100,000 unknown names",
          HEAD + PLACE + "".join(f"r{i}: allow u{i} -> b on any;\n"
                                 for i in range(100000)), 2, "more not shown")
    check("50,000 unknown names among 50,000",
          HEAD + PLACE + "".join(f"layer l{i};r{i}: allow u{i} -> b on any;\n"
                                 for i in range(50000)), 2, "more not shown")
    check("50,000 environments nobody declared",
          HEAD + "".join(f"environment e{i} {{ vpc 10.0.0.0/8; }}\n"
                         for i in range(50000)), 2, "P0103")
    check("200,000 statements that do not parse", HEAD + "; " * 200000, 2,
          "more not shown", 2)
    check("200,000 strange signs", HEAD + "\u00a7 " * 200000, 2, "P0001", 2)
    check("200,000 quotes", HEAD + '"\n' * 200000, 2, "P0004", 2)
    check("200,000 wrong escapes", HEAD + 'layer c "' + "\\x" * 200000 + '";',
          2, "P0004", 2)
    check("200,000 times the same layer", HEAD + "layer a;\n" * 200000, 2,
          "P0105")
    check("200,000 attributes",
          HEAD + PLACE + "r: allow a -> b on any" + " owner x" * 200000 + ";",
          2, "P0206")
    check("groups through 100,000 others",
          HEAD + "".join(f"group g{i} = g{i + 1};\n" for i in range(100000))
          + "group g100000 = a;", 2, "P0")
    check("groups that double 60 times",
          HEAD + PLACE + "".join(f"group g{i} = g{i + 1}, (g{i + 1} except b);\n"
                                 for i in range(60))
          + "group g60 = a;\nr: allow g0 -> b on any;", 0)


def columns():
    """Carets stand under what they mean, however wide it is drawn."""
    told = check("wide characters before a mistake",
                 HEAD + 'layer c "\u4e2d\u6587 e\u0301"; layer d "\u4e2d" on;\n',
                 2, "case.fbk:6:30")
    lines = told.splitlines()
    at = next((i for i, line in enumerate(lines) if "^^" in line), 0)
    before = lines[at][:lines[at].index("^")] if at else ""
    shown = lines[at - 1][:lines[at - 1].rindex("on;")] if at else "x"
    width = sum(2 if c > "\u2e80" else 0 if c == "\u0301" else 1 for c in shown)
    if len(before) != width:
        wrong("wide characters", f"the caret is at {len(before)}, not {width}")


def includes():
    root = here / "root"
    (root / "sub").mkdir(parents=True)
    secret = here / "secret.fbk"
    secret.write_text("secret words here")

    def include(name, path, says="cannot include", want=2):
        (root / "main.fbk").write_text(f'{HEAD}{PLACE}{RULE}include "{path}";\n')
        told = run(name, ["check", *DAY, "main.fbk"], want, says, cwd=root)
        if "secret words" in told:
            wrong(name, "shows what is outside of the root")

    include("a file that includes itself", "main.fbk", "is including this file")
    (root / "x.fbk").write_text('include "sub/y.fbk";')
    (root / "sub/y.fbk").write_text('include "../x.fbk";')
    include("files that include each other", "x.fbk", "is including this file")
    for i in range(100):
        (root / f"d{i}.fbk").write_text(f'include "d{i + 1}.fbk";')
    include("includes 100 deep", "d0.fbk", "nested deeper than 32")
    include("out of the root", "../secret.fbk", "leaves the policy's directory")
    include("out by a long way", "sub/../../secret.fbk",
            "leaves the policy's directory")
    include("an absolute path", str(secret), "leaves the policy's directory")
    (root / "link.fbk").symlink_to("../secret.fbk")
    include("a link out of the root", "link.fbk", "leads out of the policy")
    (root / "way").symlink_to("..")
    include("a folder that leads out", "way/secret.fbk", "leads out of the policy")
    (root / "in.fbk").symlink_to("sub/z.fbk")
    (root / "sub/z.fbk").write_text("layer c;\n")
    include("a link that stays inside", "in.fbk", "", 0)
    (root / "loop.fbk").symlink_to("loop.fbk")
    include("a link to itself", "loop.fbk")
    os.mkfifo(root / "fifo.fbk")
    include("a FIFO", "fifo.fbk", "not a regular file")
    (root / "zero.fbk").symlink_to("/dev/zero")
    include("a device", "zero.fbk", "not a regular file")
    include("a folder", "sub", "Is a directory")
    include("a path of 100 kB", "a/" * 50000, "cannot include")
    include("an empty path", "", "cannot include")
    include("a newline's escape", "a\\nb", "P0004")
    run("a policy from /dev/zero", ["check", "/dev/zero"], 2, "larger than 16 MiB")
    (here / "odd\x1b[2J\n.fbk").write_text("layer a")
    run("a file whose name is an escape", ["check", str(here / "odd\x1b[2J\n.fbk")],
        2, "odd\\x1b[2J")
    run("the same, laid out", ["fmt", str(here / "odd\x1b[2J\n.fbk")], 2,
        "odd\\x1b[2J")
    run("a command that is an escape", ["\x1b[2J"], 2, "there is no command")
    run("a file that is none", ["check", "\x1b[2J"], 2, "cannot read")
    run("the same, laid out", ["fmt", "\x1b[2J"], 2, "cannot read")
    policy = here / "good.fbk"
    policy.write_text(HEAD + PLACE + RULE)
    ruleset = here / "evil\x1b[2J.nft"
    ruleset.write_text("table inet x { \x1b[2J }\n")
    run("a ruleset full of escapes", ["prove", *DAY, str(policy), str(ruleset)],
        2, "not proved")
    template = here / "t.cfn.json"
    template.write_text(json.dumps({
        "AWSTemplateFormatVersion": "2010-09-09", "Parameters": {},
        "Resources": {"\x1b[2J\u202e": {
            "Type": "AWS::EC2::SecurityGroup\x1b[2J", "Properties": {}}}},
        ensure_ascii=False))
    run("a template full of escapes",
        ["prove", *DAY, str(policy), str(template)], 2, "P0601")
    template.write_text(json.dumps({
        "AWSTemplateFormatVersion": "2010-09-09", "Parameters": {},
        "Metadata": {"firebreak": {"policy": "\x1b[2J", "customer": "\u202e"}},
        "Resources": {"\x1b[2J": {
            "Type": "AWS::EC2::NetworkInsightsAccessScope",
            "Properties": {"\x1b[2J": 1}}}}, ensure_ascii=False))
    run("access scopes full of escapes",
        ["prove", *DAY, str(policy), str(template)], 2, "P0601")
    template.write_text('{"Resources": {"AWS::EC2::SecurityGroup": '
                        + "[" * 100000)
    run("a template 100,000 deep",
        ["prove", *DAY, str(policy), str(template)], 2, "P0601")
    run("a code that is an escape", ["explain", "\x1b[2J"], 2)
    run("a day that is an escape", ["check", "--as-of", "\x1b[2J", "x"], 2)


# What a template, a shell, a ruleset or a page would take for its own.
EVIL = ["${aws_vpc.main.id} %{ if true } $${x} %%{ {{ secrets.x }}",
        '\\"; drop; } # accept */ ; $(id) `id` \\\\',
        "</td><script>alert(1)</script> ' =1+1 \u00e9\u4e2d\u6587",
        "x" * 100000]


def outputs():
    """The same policy with harmless and with evil texts: the same firewall."""
    def policy(text):
        return (f'language 1;\npolicy p "{text}";\nenvironments prod;\n'
                f'layer a "{text}";\nlayer b "{text}";\n'
                f'r: allow a -> b on tcp/443 owner "{text}" ticket "{text}" '
                f'reason "{text}" log;\n'
                f'i: never b -> a owner "{text}" reason "{text}";\n'
                f'customer c "{text}" {{\n' + PLACE + '}\n')

    def files(name, text):
        path, out = here / "texts.fbk", here / name
        path.write_text(policy(text))
        run(f"{text[:20]!r} in every text",
            ["compile", *DAY, "-t", "all", "-o", str(out), str(path)], 0)
        return {str(f.relative_to(out)): f.read_text()
                for f in out.rglob("*") if f.is_file()}

    plain = files("plain", "text")
    if len(plain) < 4:
        wrong("outputs", "nothing was compiled")
    for number, text in enumerate(EVIL):
        made = files(f"evil{number}", text)
        if sorted(made) != sorted(plain):
            wrong(f"{text[:20]!r}", "other files")
        for name, now in made.items():
            was = plain.get(name, "")
            if name.endswith(".json"):
                json.loads(now)
            # what Terraform would compute is what it would without the text
            if computed(name, now) != computed(name, was):
                wrong(f"{text[:20]!r}", f"a template in {name}")
            if functions(name, now) != functions(name, was):
                wrong(f"{text[:20]!r}", f"other functions in {name}")
            # and nft: all that it would obey
            if commands(name, now) != commands(name, was):
                wrong(f"{text[:20]!r}", f"other commands in {name}")
            if RAW.search(now.replace("\t", "")):
                wrong(f"{text[:20]!r}", f"raw in {name}")
    (here / "r.fbk").write_text(policy("{{resolve:ssm:payroll}}"))
    run("a dynamic reference as a ticket",
        ["compile", *DAY, "-t", "cloudformation", "-o", str(here / "r"),
         str(here / "r.fbk")], 1, "P0512")
    (here / "l.fbk").write_text(HEAD + PLACE + RULE + "i: never b -> a;\n"
                                'network l prefix-list "{{resolve:ssm:payroll}}";\n')
    run("a dynamic reference as a prefix list",
        ["compile", *DAY, "-t", "scopes", "-o", str(here / "l"),
         str(here / "l.fbk")], 1, "P0512")
    settings = HEAD + PLACE + RULE + 'aws { tag "k" "%s"; }\n'
    for text in EVIL:
        (here / "s.fbk").write_text(settings % text)
        run(f"{text[:20]!r} in a tag",
            ["compile", *DAY, "-o", str(here / "s"), str(here / "s.fbk")],
            2, "error[")


def computed(name, text):
    """The templates that Terraform would evaluate: an even number of $ escapes."""
    if not name.endswith(".tf.json"):
        return []
    return re.findall(r"(?<!\$)(?:\$\$)*\$\{[^}]*\}|(?<!%)(?:%%)*%\{[^}]*\}", text)


def functions(name, text):
    """What CloudFormation would compute: functions and dynamic references."""
    if not name.endswith((".cfn.json", ".scopes.json")):
        return []
    return re.findall(r'"(?:Ref|Fn::\w+|Condition|Transform)": [^,}]*', text) \
        + re.findall(r"\{\{.*", text)


def commands(name, text):
    """A ruleset without comments and without what stands in quotes."""
    if not name.endswith(".nft"):
        return ""
    return re.sub(r'"[^"\n]*"', '""', re.sub(r"(?m)^\s*#.*$", "", text))


with tempfile.TemporaryDirectory() as directory:
    here = pathlib.Path(directory)
    texts()
    columns()
    includes()
    outputs()
if not bad:
    print(f"hostile text is harmless; the slowest took {slowest[0]:.2f} s: {slowest[1]}")
sys.exit(bad > 0)

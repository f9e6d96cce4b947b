#!/usr/bin/env python3
"""The language server, asked as an editor asks it.

    lsp.py      (FIREBREAK: the program)

One session a test, over pipes.  What it says of a policy is held against what the
commands say of the same files.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, unquote

ROOT = Path(__file__).resolve().parent.parent
FIREBREAK = os.path.realpath(os.environ.get("FIREBREAK", "build/firebreak"))
DAY = "2026-06-01"
failed = 0


def check(good, what):
    global failed
    if not good:
        failed += 1
        print(f"FAILED {what}")


class Server:
    def __init__(self, encodings=None):
        self.child = subprocess.Popen([FIREBREAK, "lsp", "--as-of", DAY],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.number = 0
        self.told = {}          # diagnostics by URI, the last ones
        general = {"positionEncodings": encodings} if encodings else {}
        self.can = self.ask("initialize", {"capabilities": {"general": general}})
        self.tell("initialized", {})

    def send(self, message):
        data = json.dumps(message).encode()
        self.child.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.child.stdin.flush()

    def receive(self):
        length = None
        while (line := self.child.stdout.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the server ended"
        message = json.loads(self.child.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.told[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def tell(self, method, params):
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def whole(self, method, params):
        """The whole answer."""
        self.number += 1
        self.send({"jsonrpc": "2.0", "id": self.number, "method": method,
                   "params": params})
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                return message

    def ask(self, method, params):
        message = self.whole(method, params)
        assert "error" not in message, message
        return message["result"]

    def at(self, method, path, line, character, **more):
        return self.whole(f"textDocument/{method}", {
            "textDocument": {"uri": uri(path)},
            "position": {"line": line, "character": character}, **more})

    def open(self, path, text=None):
        self.tell("textDocument/didOpen", {"textDocument": {
            "uri": uri(path), "languageId": "fbk", "version": 1,
            "text": Path(path).read_text() if text is None else text}})

    def change(self, path, text):
        self.tell("textDocument/didChange", {
            "textDocument": {"uri": uri(path), "version": 2},
            "contentChanges": [{"text": text}]})

    def diagnostics(self, path):
        """The next ones of PATH."""
        self.told.pop(uri(path), None)
        while uri(path) not in self.told:
            self.receive()
        return self.told[uri(path)]

    def end(self):
        self.ask("shutdown", None)
        self.tell("exit", None)
        self.child.stdin.close()
        check(self.child.wait(10) == 0, "it does not end with 0")


def uri(path):
    return "file://" + quote(str(path), safe="/-_.~")


def place(text, word, nth=0):
    """Line and character of the NTH WORD of TEXT."""
    at = [m.start() for m in re.finditer(re.escape(word), text)][nth]
    before = text[:at]
    return before.count("\n"), at - (before.rfind("\n") + 1)


def offset(text, position):
    """Of a position in UTF-16 units, in characters."""
    lines = text.split("\n")
    before = lines[position["line"]].encode("utf-16-le")[:2 * position["character"]]
    return sum(len(line) + 1 for line in lines[:position["line"]]) + \
        len(before.decode("utf-16-le"))


def cut(text, span):
    """What a range has of TEXT."""
    return text[offset(text, span["start"]):offset(text, span["end"])]


def apply(text, edits):
    """TEXT with EDITS."""
    for lo, hi, new in sorted(((offset(text, e["range"]["start"]),
                                offset(text, e["range"]["end"]), e["newText"])
                               for e in edits), reverse=True):
        text = text[:lo] + new + text[hi:]
    return text


def command(*words):
    return subprocess.run([FIREBREAK, *words], capture_output=True, text=True)


def what_check_says(directory):
    """(file, line, code) of each error and warning of `check`."""
    found = json.loads(command("check", "--format", "json", "--as-of", DAY,
                               str(directory)).stdout)["findings"]
    return sorted((os.path.realpath(f["place"]["file"]), f["place"]["line"],
                   f["code"]) for f in found if f.get("place"))


def what_it_says(server):
    return sorted((unquote(i[len("file://"):]), d["range"]["start"]["line"] + 1, d["code"])
                  for i, all in server.told.items() for d in all)


def copy_of(directory, work):
    to = Path(work) / "policy here"
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(ROOT / directory, to)
    return to


def test_diagnostics(work):
    policy = copy_of("policies/modyo-connect", work)
    rules = policy / "rules.fbk"
    good = rules.read_text()
    bad = good + "night-fix: allow services -> data on ssh reason \"x\" owner y ticket Z;\n"
    server = Server()
    server.open(rules)
    check(not [d for d in server.diagnostics(rules) if d["severity"] == 1],
          "the example has errors")
    server.change(rules, bad)
    server.diagnostics(rules)
    server.at("hover", rules, 0, 0)         # the other files' are before its answer
    told = what_it_says(server)
    rules.write_text(bad)
    check(told == what_check_says(policy), f"not what check says: {told}")
    check(any(code == "P0401" and name.endswith("invariants.fbk")
              for name, _, code in told), "the broken invariant is not told")
    broken = [d for d in server.told[uri(policy / "invariants.fbk")]
              if d["code"] == "P0401"]
    check(any(i["location"]["uri"] == uri(rules)
              for d in broken for i in d["relatedInformation"]),
          "the rule that breaks it is not pointed at")
    server.change(rules, good)
    server.diagnostics(policy / "invariants.fbk")
    check(not [c for c in what_it_says(server) if c[2] == "P0401"],
          "what was mended is still told")
    server.change(rules, "layer;\n")
    server.diagnostics(rules)
    check(any(d["code"].startswith("P00") for d in server.told[uri(rules)]),
          "a mistake of syntax is not told")
    server.tell("textDocument/didClose", {"textDocument": {"uri": uri(rules)}})
    server.diagnostics(rules)
    check(server.told[uri(rules)] == [], "what is closed is still told of")
    server.end()


WORLD = """language 1;
policy shop "a ä 😀 shop";
environments prod;
layer web "Wände 😀"; layer app;
include <services>;
service api = tcp/8443;
r: allow web -> app on api, postgres reason "😀" expires 2026-06-11;
s: allow internet -> web on tcp/443 reason "front";
lonely: never internet -> app;
environment prod { region us-east-1; vpc 10.0.0.0/16; layer web 10.0.0.0/24; layer app 10.0.1.0/24; }
"""


def test_names(work):
    main = Path(work) / "shop.fbk"
    main.write_text(WORLD)
    server = Server()
    server.open(main)
    check(server.diagnostics(main) == [] or
          all(d["severity"] > 1 for d in server.told[uri(main)]), "the shop has errors")
    hover = server.at("hover", main, *place(WORLD, "app on"))["result"]
    text = hover["contents"]["value"]
    check("10.0.1.0/24" in text and "web on tcp/5432, tcp/8443, by `r`" in text,
          f"hover says {text}")
    hover = server.at("hover", main, *place(WORLD, "lonely"))["result"]
    check("holds" in hover["contents"]["value"], "an invariant's verdict is not said")
    check(server.at("hover", main, 0, 0)["result"] is None, "nothing has a hover")
    found = server.at("definition", main, *place(WORLD, "app on"))["result"]
    check([cut(WORLD, f["range"]) for f in found] == ["app"] and
          found[0]["range"]["start"]["line"] == 3, f"definition: {found}")
    found = server.at("references", main, *place(WORLD, "app on"),
                      context={"includeDeclaration": True})["result"]
    check(len(found) == 4, f"references: {found}")
    symbols = server.ask("textDocument/documentSymbol",
                         {"textDocument": {"uri": uri(main)}})
    check([s["name"] for s in symbols] ==
          ["prod", "web", "app", "api", "r", "s", "lonely"], f"symbols: {symbols}")
    hints = server.ask("textDocument/inlayHint", {
        "textDocument": {"uri": uri(main)},
        "range": {"start": {"line": 0, "character": 0},
                  "end": {"line": 99, "character": 0}}})
    check([h["label"] for h in hints] == ["tcp/8443", "tcp/5432", "10 days left"],
          f"hints: {hints}")
    server.end()


def test_rename(work):
    policy = copy_of("policies/modyo-connect", work)
    rules = policy / "rules.fbk"
    text = rules.read_text()
    server = Server()
    server.open(rules)
    server.diagnostics(rules)
    where = place(text, "-> services")
    where = where[0], where[1] + 3
    check(server.at("prepareRename", rules, *where)["result"]["placeholder"] ==
          "services", "no renaming of a layer")
    for name, word in ("data", "there is one"), ("two words", "not compile"), \
            ("any", "not compile"), ("", "not compile"):
        message = server.at("rename", rules, *where, newName=name)
        check(word in message.get("error", {}).get("message", ""),
              f"renamed to `{name}`: {message}")
    changes = server.at("rename", rules, *where, newName="workers")["result"]["changes"]
    check(len(changes) > 2, f"files that change: {len(changes)}")
    for name in changes:
        path = Path(unquote(name[len("file://"):]))
        path.write_text(apply(path.read_text(), changes[name]))
    check(command("check", "--as-of", DAY, str(policy)).returncode == 0,
          "the renamed policy does not hold")
    left = [p for p in policy.rglob("*.fbk")
            if re.search(r"(^|[\s,(.])services([\s,;).]|$)", re.sub(
                r'#.*|"[^"]*"|<services>', "", p.read_text()), re.M)]
    check(not left, f"the old name is left in {left}")
    server.end()


def test_rename_of_places(work):
    """Also as a part of `customer.environment.layer`."""
    policy = copy_of("policies/modyo-connect", work)
    before = command("check", "--as-of", DAY, str(policy)).stdout
    server = Server()
    for path in sorted(policy.rglob("*.fbk")):
        server.open(path)
    for old, new in ("banco-andino", "andino"), ("prod", "live"):
        path, at = next((p, m.start()) for p in sorted(policy.rglob("*.fbk"))
                        for m in re.finditer(rf"(customer|environments|environment) {old}\b",
                                             p.read_text()))
        text = path.read_text()
        line, character = place(text, text[at:].split("\n")[0])
        where = line, character + text[at:].index(old)
        message = server.at("rename", path, *where, newName=new)
        check("result" in message, f"{old} is not renamed: {message}")
        for name, edits in message.get("result", {}).get("changes", {}).items():
            path = Path(unquote(name[len("file://"):]))
            path.write_text(apply(path.read_text(), edits))
            server.change(path, path.read_text())
        check(command("check", "--as-of", DAY, str(policy)).stdout == before,
              f"the policy without {old} is another")
    check(not command("compile", str(policy), "--as-of", DAY, "-o",
                      work + "/out").returncode and
          os.path.isdir(work + "/out/andino/live"), "the outputs are not renamed")
    server.end()


def test_fixes_and_layout(work):
    main = Path(work) / "fix.fbk"
    bad = WORLD.replace("-> app on", "-> ap on")
    main.write_text(bad)
    server = Server()
    server.open(main)
    told = [d for d in server.diagnostics(main) if d["severity"] == 1]
    check(len(told) == 1, f"one mistake: {told}")
    actions = server.ask("textDocument/codeAction", {
        "textDocument": {"uri": uri(main)}, "range": told[0]["range"],
        "context": {"diagnostics": told}})
    check(len(actions) == 1, f"one fix: {actions}")
    mended = apply(bad, actions[0]["edit"]["changes"][uri(main)])
    check(mended == WORLD, f"mended: {mended}")
    server.change(main, mended)
    edits = server.ask("textDocument/formatting", {
        "textDocument": {"uri": uri(main)}, "options": {}})
    check(len(edits) == 1, "nothing to lay out")
    main.write_text(mended)
    laid = command("fmt", str(main)) and main.read_text()
    check(edits[0]["newText"] == laid, "not the layout of fmt")
    server.change(main, laid)
    check(server.ask("textDocument/formatting", {
        "textDocument": {"uri": uri(main)}, "options": {}}) == [],
        "what is laid out is laid out again")
    server.end()


def test_completion(work):
    main = Path(work) / "complete.fbk"
    server = Server()
    for typed, has, lacks in (
            ("t: allow w", {"web", "app", "internet"}, {"api", "layer"}),
            ("t: allow web -> ", {"app", "any"}, {"postgres"}),
            ("t: allow web, ", {"app"}, {"postgres"}),
            ("t: allow web -> app on api, po", {"postgres", "api"}, {"web"}),
            ("t: allow web -> app on api in ", {"prod"}, {"web"}),
            ("t: allow web -> app on api waives ", {"lonely"}, {"web"}),
            ("t: allow web -> app on api ", {"reason", "expires"}, {"web"}),
            ("lay", {"layer", "environment"}, {"web"})):
        text = WORLD + typed
        server.open(main, text)
        line = text.count("\n")
        items = server.at("completion", main, line, len(typed))["result"]
        labels = {i["label"] for i in items}
        check(has <= labels and not lacks & labels,
              f"behind `{typed}`: {sorted(labels)[:20]}")
    server.end()


def test_positions(work):
    """The same place in UTF-16 units and in bytes."""
    main = Path(work) / "units.fbk"
    text = WORLD.replace("layer web \"Wände 😀\"; layer app;",
                         "layer web \"Wände 😀\"; layer app; layer app;")
    main.write_text(text)
    line = text.split("\n")[3]
    before = line[:line.rindex("layer app")]
    for encodings, units in ((None, len(before.encode("utf-16-le")) // 2),
                             (["utf-16"], len(before.encode("utf-16-le")) // 2),
                             (["utf-32", "utf-8"], len(before.encode()))):
        server = Server(encodings)
        check(server.can["capabilities"]["positionEncoding"] ==
              ("utf-8" if encodings and "utf-8" in encodings else "utf-16"),
              "the encoding of positions")
        server.open(main)
        told = [d for d in server.diagnostics(main) if d["severity"] == 1]
        check(len(told) == 1 and units <= told[0]["range"]["start"]["character"]
              <= units + 6, f"at {units}: {told}")
        found = server.at("definition", main, 3, units + 6)["result"]
        check(found and any(f["range"]["start"]["character"] == units + 6
                            for f in found), f"definition at {units}: {found}")
        server.end()


def test_nonsense(work):
    server = Server()
    check(server.whole("textDocument/strange", {})["error"]["code"] == -32601,
          "a strange method is known")
    for params in None, [], {}, {"textDocument": 7}, \
            {"textDocument": {"uri": "http://x/y"}}, \
            {"textDocument": {"uri": "file:relative"}}, \
            {"textDocument": {"uri": "file:///a%00b"}}:
        check(server.whole("textDocument/hover", params)["error"]["code"] == -32602,
              f"hover of {params}")
    for params in {}, {"position": 7}, {"position": {"line": -5, "character": -5}}, \
            {"position": {"line": 1 << 40, "character": 1 << 40}}:
        params["textDocument"] = {"uri": "file:///nowhere/x.fbk"}
        check(server.whole("textDocument/hover", params)["result"] is None,
              f"hover at {params}")
    server.child.stdin.write(b"Content-Length: 3\r\n\r\n{]}")
    server.child.stdin.flush()
    check(server.receive()["error"]["code"] == -32700, "no JSON is taken")
    server.tell("textDocument/didOpen", {"textDocument": {"uri": 3, "text": 4}})
    server.tell("textDocument/didChange", {"contentChanges": [[]]})
    server.tell("$/setTrace", {"value": "off"})
    server.end()
    child = subprocess.run([FIREBREAK, "lsp"], input=b"", capture_output=True)
    check(child.returncode == 1, "an editor that went is no mistake")


def main():
    tests = [t for name, t in globals().items() if name.startswith("test_")]
    for test in tests:
        with tempfile.TemporaryDirectory() as work:
            test(os.path.realpath(work))
    print(f"{len(tests)} sessions with the language server, {failed} failed")
    sys.exit(failed > 0)


main()

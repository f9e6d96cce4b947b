#!/usr/bin/env python3
"""`prove --live` where nothing changed since the last proof.

  changes    each way to change a ruleset, ours or somebody else's: it is read again,
             and the answer is the right one; and so is the next
  namespaces a ruleset of another network namespace that looks just the same
  policies   other words, another meaning, another day, another build of firebreak
  files      proofs that were changed, cut off, put where they are not from, or that
             others could have written
  owners     a table that goes with the program that owns it
  race       what is read of one generation is one thing, while it is changed and back

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import argparse
import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # nothing is left in the source tree

import live                             # noqa: E402
import run                              # noqa: E402

TOOL = pathlib.Path(os.environ.get("FIREBREAK", str(live.ROOT / "build/firebreak"))).resolve()
UNCHANGED = "unchanged since it was proved"
DAY = "2026-11-01"
RULES = "".join(f"r{i}: allow far -> app on tcp/{100 + 2 * i};\n" for i in range(3))


def prove(policy, proofs, *more, tool=TOOL, day=DAY, before=()):
    return subprocess.run([*before, tool, "prove", policy, "--live", "--proofs", proofs,
                           "--as-of", day, *more], capture_output=True, text=True)


def expect(policy, proofs, code, instant, what, *more, **options):
    """Prove: exit CODE, and whether without reading anything."""
    done = prove(policy, proofs, *more, **options)
    if live.expect(done, code, what) and (UNCHANGED in done.stdout) != instant:
        live.fail(f"{what}: {'read again' if instant else 'not read'}: {done.stdout}")
    return done


def apply(policy, proofs, part="prod.app"):
    return live.expect(subprocess.run([TOOL, "apply", policy, part, "--proofs", proofs,
                                       "--as-of", DAY], capture_output=True, text=True),
                       0, f"apply {part}")


def nft(*words):
    done = live.nft(*words)
    if done.returncode:
        live.fail(f"nft {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def settle(policy, proofs, what):
    """A proof of what is there now, and one that was not needed."""
    expect(policy, proofs, 0, False, f"{what}: anew", "--anew")
    return expect(policy, proofs, 0, True, f"{what}: again")


def fresh(work):
    """An applied ruleset that was proved."""
    nft("flush", "ruleset")
    policy = live.policy(work / "policy.fbk", "10.1.0.0/16", "10.2.0.0/16", [RULES])
    proofs = work / "proofs"
    shutil.rmtree(proofs, ignore_errors=True)
    apply(policy, proofs)
    return policy, proofs


# ---- changes ----------------------------------------------------------------

def chain_of(name):
    """The body of a base chain, whatever generation it is of."""
    return re.search(rf"jump ({name}_g\d+)", nft("list", "chain", "inet", "firebreak", name)
                     ).group(1)


def handle_of(chain, text):
    return re.search(rf"{text}.*# handle (\d+)",
                     nft("-a", "list", "chain", "inet", "firebreak", chain)).group(1)


def changes():
    """What is done, the exit code then, and what undoes it."""
    ours = ("inet", "firebreak")
    body = chain_of("input")
    yield (("insert", "rule", *ours, body, "tcp", "dport", "9", "accept"), 1,
           lambda: ("delete", "rule", *ours, body, "handle", handle_of(body, "tcp dport 9 ")))
    yield (("add", "rule", *ours, body, "drop"), 0,
           lambda: ("delete", "rule", *ours, body, "handle", handle_of(body, "\tdrop")))
    yield ("delete", "rule", *ours, "input", "handle", handle_of("input", "jump")), 1, None
    yield ("chain", *ours, "input", "{ policy accept; }"), 0, None
    yield ("add", "chain", *ours, "spare"), 0, lambda: ("delete", "chain", *ours, "spare")
    yield (("add", "set", *ours, "spare", "{ type ipv4_addr; elements = { 1.2.3.4 }; }"), 0,
           lambda: ("delete", "set", *ours, "spare"))
    yield (("add", "set", *ours, "spare", "{ type ipv4_addr; flags timeout; }"), 2,
           lambda: ("delete", "set", *ours, "spare"))
    yield ("add", "table", "inet", "other"), 0, lambda: ("delete", "table", "inet", "other")
    yield ("add", "table", "netdev", "other"), 0, lambda: ("delete", "table", "netdev", "other")
    yield (("add", "table", *ours, "{ flags dormant; }"), 2, None)
    yield ("delete", "table", *ours), 1, None


def try_changes(work):
    count = len(list(changes())) if fresh(work) else 0
    for i in range(count):
        policy, proofs = fresh(work)
        expect(policy, proofs, 0, True, "changes: after apply")
        words, code, undo = list(changes())[i]
        what = f"changes: {' '.join(words)}"
        nft(*words)
        expect(policy, proofs, code, False, what)
        expect(policy, proofs, code, code == 0, f"{what}: again")
        if undo:
            nft(*undo())
            expect(policy, proofs, 0, False, f"{what}: undone")
            expect(policy, proofs, 0, True, f"{what}: undone, again")
    try_elements(work)
    try_both_tables(work)
    try_foreign_chain(work)
    print(f"changes    {count} are read again, and elements, both tables, chains of others",
          flush=True)


def try_elements(work):
    policy = live.exact(work / "exact.fbk", 50)
    proofs = work / "proofs"
    nft("flush", "ruleset")
    apply(policy, proofs)
    name = live.objects("set")[0]["name"]
    extra = ("element", "inet", "firebreak", name, "{ 10.2.9.9 . tcp . 999 }")
    settle(policy, proofs, "elements")
    nft("add", *extra)
    expect(policy, proofs, 1, False, "elements: one more")
    expect(policy, proofs, 1, False, "elements: one more, again")
    nft("delete", *extra)
    expect(policy, proofs, 0, False, "elements: as before")
    apply(policy, proofs)       # finds nothing to do: the same generation
    expect(policy, proofs, 0, True, "elements: applied again")
    expect(policy, proofs, 0, True, "elements: applied again, again")
    expect(policy, proofs, 0, False, "elements: --recheck", "--recheck")
    done = expect(policy, proofs, 0, False, "elements: as JSON", "--format", "json")
    if '"unchanged": true' not in done.stdout:
        live.fail(f"elements: JSON does not say that nothing was read: {done.stdout}")


def try_both_tables(work):
    """A router has two, and a change of one is a change."""
    policy, proofs = live.ROOT / "policies/modyo-connect", work / "proofs"
    nft("flush", "ruleset")
    apply(policy, proofs, "banco-andino.prod.data")
    apply(policy, proofs, "banco-andino.prod.gateway")
    expect(policy, proofs, 0, False, "both: one was proved before the other came")
    expect(policy, proofs, 0, True, "both: again")
    nft("insert", "rule", "inet", "firebreak_gateway", "forward", "accept")
    expect(policy, proofs, 1, False, "both: the second changed")
    nft("delete", "table", "inet", "firebreak_gateway")
    expect(policy, proofs, 0, False, "both: the second gone")
    expect(policy, proofs, 0, True, "both: the second gone, again")


def try_foreign_chain(work):
    """What others have is told as before."""
    policy, proofs = fresh(work)
    nft("add", "table", "inet", "other")
    nft("add", "chain", "inet", "other", "in", "{ type filter hook input priority 5; }")
    told = [expect(policy, proofs, 0, instant, f"others: {instant}").stderr
            for instant in (False, True)]
    if "P0605" not in told[0] or told[0] != told[1]:
        live.fail(f"others: read, {told[0]}, and not read, {told[1]}")


# ---- namespaces -------------------------------------------------------------

def slots(proofs):
    return sorted(p for p in proofs.iterdir() if not p.name.startswith("."))


@contextlib.contextmanager
def another_namespace():
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None)
    if libc.unshare(0x40000000):
        run.skip("no second network namespace")
    try:
        yield
    finally:
        libc.setns(here, 0)
        os.close(here)


def try_namespaces(work):
    """
    The same commands in another namespace make the same numbers there: but for that of
    the namespace the proof of one would do for the other, which has another rule.
    """
    policy = live.policy(work / "policy.fbk", "10.1.0.0/16", "10.2.0.0/16", [RULES])
    live.expect(live.firebreak("compile", policy, "-t", "nft", "-o", work / "text"), 0, "compile")
    good = (work / "text/prod/nft/app.nft").read_text()
    bad = good.replace("tcp dport 100 ", "tcp dport 9 ", 1)
    if bad == good:
        live.fail("namespaces: nothing to change in the ruleset")
    proofs, words = work / "proofs", []
    for _ in range(2):
        with another_namespace():
            live.expect(live.nft("-f", "-", stdin=good), 0, "namespaces: load")
            shutil.rmtree(proofs, ignore_errors=True)
            settle(policy, proofs, "namespaces: its own")
            words.append(slots(proofs)[0].read_text())
    with another_namespace():
        live.expect(live.nft("-f", "-", stdin=bad), 0, "namespaces: load another")
        for i in range(256):            # whatever its number is
            file = proofs / f"firebreak-{i}"
            file.write_text(words[0])
            file.chmod(0o600)
        expect(policy, proofs, 1, False, "namespaces: the proof of another")
    same = {re.sub(r"(?m)^(namespace|proved) .*\n", "", w) for w in words}
    if len(same) != 1 or len(set(words)) != 2:
        live.fail(f"namespaces: they differ in more than their number: {words}")
    print("namespaces the proof of one is none in another", flush=True)


# ---- policies ---------------------------------------------------------------

def other_build(work):
    """The same program with another build id."""
    bytes_ = bytearray(TOOL.read_bytes())
    at = bytes_.find(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0")
    if at < 0:
        live.fail("policies: the program has no build id")
    bytes_[at + 16] ^= 1
    path = work / "firebreak"
    path.write_bytes(bytes_)
    path.chmod(0o755)
    return path


def try_policies(work):
    policy, proofs = fresh(work)
    settle(policy, proofs, "policies")
    text = policy.read_text()
    for what, changed, code in (
            ("a comment", "# nothing\n" + text, 0),
            ("a port more", text + "more: allow far -> app on tcp/9;\n", 1),
            ("a rule less", text.replace("r1:", "#"), 1),
            ("a rule that has expired", text + "old: allow far -> app on tcp/9 expires 2026-10-01 ticket T-1;\n", 0),
            ("text that is refused", text + "nonsense\n", 2)):
        policy.write_text(changed)
        expect(policy, proofs, code, False, f"policies: {what}")
        policy.write_text(text)
        settle(policy, proofs, f"policies: after {what}")
    dated = text + "soon: allow far -> app on tcp/9 expires 2026-11-20 ticket T-1;\n"
    policy.write_text(dated)
    apply(policy, proofs)
    settle(policy, proofs, "policies: dated")
    expect(policy, proofs, 0, False, "policies: another day", day="2026-11-02")
    expect(policy, proofs, 1, False, "policies: a day after it expires", day="2026-12-01")
    elsewhere = work / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    shutil.copy(policy, elsewhere / policy.name)
    settle(policy, proofs, "policies: before the copy")
    expect(elsewhere / policy.name, proofs, 0, True, "policies: a copy of the same name")
    expect(policy, proofs, 0, False, "policies: another build", tool=other_build(work))
    expect(policy, proofs, 0, False, "policies: back to this build")
    print("policies   another text, day or build is proved anew", flush=True)


# ---- files ------------------------------------------------------------------

def try_edits(policy, proofs, file, good):
    """Every line changed, every length, and more behind it."""
    lines = good.splitlines(keepends=True)
    edits = [("cut to %d" % n, good[:n]) for n in range(0, len(good), 7)]
    edits += [(f"line {i} changed", "".join(lines[:i] + [line[:-2] + chr(ord(line[-2]) ^ 1) + "\n"]
                                            + lines[i + 1:]))
              for i, line in enumerate(lines[:-1])]
    edits += [(f"line {i} gone", "".join(lines[:i] + lines[i + 1:])) for i in range(len(lines))]
    edits += [("more behind", good + "more\n"), ("twice", good * 2), ("a NUL", good + "\0"),
              ("large", good + "x" * 100000), ("zeros", "\0" * len(good)),
              ("a sign", re.sub(r"proved (\d+)", r"proved +\1", good)),
              ("a space", re.sub(r"proved (\d+)", r"proved  \1", good)),
              ("tomorrow", re.sub(r"proved (\d+)", lambda m: f"proved {int(m[1]) + 86400}", good)),
              ("long ago", re.sub(r"proved (\d+)", lambda m: f"proved {int(m[1]) - 6 * 3600 - 60}", good)),
              ("out of range", re.sub(r"proved \d+", "proved " + "9" * 30, good))]
    for what, text in edits:
        file.write_text(text)
        file.chmod(0o600)
        expect(policy, proofs, 0, False, f"files: {what}")
        expect(policy, proofs, 0, True, f"files: {what}: mended")
    return len(edits)


def has_others():
    """Root of a user namespace of one user cannot give anything away."""
    return "FIREBREAK_UNSHARED" not in os.environ


def places(file, directory, good, work):
    """What is done with the file, and whether a proof may be written over it."""
    def put(path=file):
        path.write_text(good)
        path.chmod(0o600)

    def linked():
        put(work / "real")
        file.symlink_to(work / "real")

    def hard():
        put(work / "real")
        os.link(work / "real", file)

    yield "a symbolic link", linked
    yield "a second name", hard
    yield "readable by others", lambda: (put(), file.chmod(0o640))
    yield "writable by others", lambda: (put(), file.chmod(0o602))
    yield "a pipe", lambda: os.mkfifo(file, 0o600)
    yield "a directory", file.mkdir
    yield "a directory with something in it", lambda: (file.mkdir(), put(file / "x"))
    yield "a directory that others write to", lambda: (put(), directory.chmod(0o777))
    yield "a directory that a group writes to", lambda: (put(), directory.chmod(0o770))
    if has_others():
        yield "another owner", lambda: (put(), os.chown(file, 1, 1))
        yield "a directory of another owner", lambda: (put(), os.chown(directory, 1, 1))


def try_places(policy, work, proofs, name, good):
    # what is there must not be believed at first; afterwards it may be replaced
    (work / "real").unlink(missing_ok=True)
    count = len(list(places(proofs / name, proofs, good, work)))
    for i in range(count):
        shutil.rmtree(proofs)
        proofs.mkdir(0o700)
        (work / "real").unlink(missing_ok=True)
        what, act = list(places(proofs / name, proofs, good, work))[i]
        act()
        expect(policy, proofs, 0, False, f"files: {what}")
        if (work / "real").exists() and (work / "real").read_text() != good:
            live.fail(f"files: {what}: written through it")
    for what, path in (("no directory can be made", "/proc/none/proofs"), ("no directory", "/dev/null"),
                       ("no name", "")):
        expect(policy, path, 0, False, f"files: {what}")
        expect(policy, path, 0, False, f"files: {what}, again")
    (work / "link").unlink(missing_ok=True)
    (work / "link").symlink_to(proofs)
    return count + 3


def try_files(work):
    policy, proofs = fresh(work)
    settle(policy, proofs, "files")
    (file,) = slots(proofs)
    good = file.read_text()
    count = try_edits(policy, proofs, file, good)
    count += try_places(policy, work, proofs, file.name, good)
    shutil.rmtree(proofs)
    settle(policy, proofs, "files: a new directory")
    if proofs.stat().st_mode & 0o777 != 0o700 or slots(proofs)[0].stat().st_mode & 0o777 != 0o600:
        live.fail("files: the directory or the file is not ours alone")
    expect(policy, work / "link", 0, False, "files: a link to the directory")
    try_elsewhere(policy, proofs, work)
    if not has_others():
        print("SKIP generation: a user namespace: files of others are not tried", flush=True)
    print(f"files      {count} strange ones are no proof", flush=True)


def try_elsewhere(policy, proofs, work):
    """Another boot, and another clock."""
    other = work / "boot_id"
    other.write_text("00000000-0000-4000-8000-000000000000\n")
    mount = f"mount --bind {other} /proc/sys/kernel/random/boot_id && exec \"$@\""
    expect(policy, proofs, 0, False, "files: another boot",
           before=("unshare", "-m", "sh", "-c", mount, "sh"))
    settle(policy, proofs, "files: this boot")
    expect(policy, proofs, 0, False, "files: another clock", before=("unshare", "--time", "--fork"))


# ---- owners -----------------------------------------------------------------

def try_owners(work):
    """The kernel counts no generation when the owner goes."""
    policy, proofs = fresh(work)
    ruleset = nft("list", "table", "inet", "firebreak")
    nft("flush", "ruleset")
    owned = work / "owned.nft"
    owned.write_text(ruleset.replace("{", "{ flags owner;", 1))
    owner = subprocess.Popen(["nft", "-i"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    owner.stdin.write(f'include "{owned}"\n')
    owner.stdin.flush()
    for _ in range(100):
        if "owner" in live.nft("list", "tables").stdout + live.nft("list", "ruleset").stdout:
            break
        time.sleep(0.05)
    else:
        live.fail("owners: no table that has one")
    prove(policy, proofs)
    prove(policy, proofs)
    owner.kill()
    owner.wait()
    expect(policy, proofs, 1, False, "owners: gone with the table")
    print("owners     a table that goes with its owner is looked for", flush=True)


# ---- race -------------------------------------------------------------------

def try_race(work, seconds):
    """A set that is made and filled with one transaction is empty for a while in between."""
    tool = os.environ.get("MOMENTS", str(live.ROOT / "build/tests/kernel/moments"))
    fresh(work)
    nets = ", ".join(f"11.{i // 256}.{i % 256}.0/24 . 10.1.0.0/16 . tcp . {i % 100 + 1}-{i % 100 + 9}"
                     for i in range(4000))
    body = chain_of("input")
    away, back = work / "away.nft", work / "back.nft"
    away.write_text("table inet firebreak {\n"
                    " set x { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval;"
                    f" elements = {{ {nets} }}; }}\n"
                    " chain y { ip saddr . ip daddr . meta l4proto . th dport @x accept; }\n}\n"
                    "insert rule inet firebreak input jump y\n")
    back.write_text("flush chain inet firebreak input\n"
                    f"add rule inet firebreak input jump {body}\n"
                    "add rule inet firebreak input drop\n"
                    "delete chain inet firebreak y\ndelete set inet firebreak x\n")
    looker = subprocess.Popen([tool, str(seconds)], stdout=subprocess.PIPE, text=True)
    rounds = 0
    while looker.poll() is None:
        nft("-f", away)
        nft("-f", back)
        rounds += 1
    told = looker.stdout.read().strip()
    if looker.returncode:
        live.fail(f"race: exit {looker.returncode}")
    print(f"race       {rounds} times there and back: {told}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="of the race")
    parser.add_argument("tests", nargs="*")
    arguments = parser.parse_args()
    run.get_namespaces()
    live.skip_namespace()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        tests = {"changes": lambda: try_changes(work), "namespaces": lambda: try_namespaces(work),
                 "policies": lambda: try_policies(work), "files": lambda: try_files(work),
                 "owners": lambda: try_owners(work), "race": lambda: try_race(work, arguments.seconds)}
        for name in arguments.tests or tests:
            began = time.monotonic()
            tests[name]()
            print(f"{name:10} took {time.monotonic() - began:.0f} s", flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

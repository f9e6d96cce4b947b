#!/usr/bin/env python3
"""The units of packaging/systemd, as far as they go without a boot.

systemd-analyze, where there is one, reads the units and has nothing to say.  The
lines that it starts and reloads with are run as they stand, with the capabilities
that the unit leaves them, in a network namespace with an /etc/firebreak of its
own: what they load is proved, and a ruleset that cannot be loaded fails them.  So
is the line that proves: it fails when somebody changed a rule, and only then.

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import ctypes
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True          # nothing is left in the source tree

import live                             # noqa: E402
import run                              # noqa: E402

UNITS = live.ROOT / "packaging/systemd"
UNIT, PROVE = UNITS / "firebreak.service", UNITS / "firebreak-prove.service"
POLICY = live.ROOT / "policies/modyo-connect"
ETC = pathlib.Path("/etc/firebreak")
CLONE_NEWNS = 0x00020000


def verify():
    tool = shutil.which("systemd-analyze")
    if not tool:
        print("SKIP boot: no systemd-analyze: the unit is not verified", flush=True)
        return
    done = subprocess.run([tool, "verify", "--man=no", *sorted(UNITS.iterdir())],
                          capture_output=True, text=True)
    if done.returncode or done.stdout or done.stderr:
        live.fail(f"boot: systemd-analyze verify: {done.stdout}{done.stderr}")


def settings(name, unit=UNIT):
    """Every value of NAME in the unit."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.M)


def command_of(line):
    """
    LINE as systemd.service(5) takes it apart: what stands in quotes is one word, and
    `$f` in the middle of a word is left to the shell.
    """
    words = shlex.split(line)
    if any("${" in w or "%" in w or w.startswith("$") for w in words):
        live.fail(f"boot: systemd would put something else into {line}")
    return words


def start(line, unit=UNIT):
    """With no capability but the unit's."""
    (bounded,) = settings("CapabilityBoundingSet", unit)
    kept = ",".join("+" + c.lower().removeprefix("cap_") for c in bounded.split())
    return subprocess.run(["setpriv", f"--bounding-set=-all,{kept}", "--no-new-privs",
                           *command_of(line)], capture_output=True, text=True)


def own_places():
    """Places that are nobody else's, and gone with this process; firebreak installed."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        run.skip("no mount namespace")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for place in ("/usr/local/bin", "/run"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", place], check=True)
    shutil.copy(os.environ.get("FIREBREAK", live.ROOT / "build/firebreak"), "/usr/local/bin/firebreak")


def own_etc():
    subprocess.run(["mount", "-t", "tmpfs", "none", "/etc"], check=True)
    ETC.mkdir()


def try_line(line, out, what):
    shutil.copy(out / "data.nft", ETC / "ruleset.nft")
    shutil.copy(out / "gateway.nft", ETC / "gateway.nft")
    live.nft("flush", "ruleset")
    for again in ("", " again"):
        live.expect(start(line), 0, f"boot: {what}{again}")
        live.expect(live.firebreak("prove", POLICY, "--live"), 0, f"boot: {what}{again}: prove")
    tables = live.nft("list", "tables").stdout.split("\n")
    if not {"table inet firebreak", "table inet firebreak_gateway"} <= set(tables):
        live.fail(f"boot: {what}: loaded {tables}")
    # the first of the two, so that the second does not hide it
    (ETC / "gateway.nft").write_text("table inet firebreak_gateway { nonsense; }\n")
    if start(line).returncode == 0:
        live.fail(f"boot: {what}: nobody sees that a ruleset cannot be loaded")
    live.expect(live.firebreak("prove", POLICY, "--live"), 0, f"boot: {what}: after nonsense")


def try_prove(out):
    """As the timer has it: again and again, and once somebody was there."""
    os.environ["SOURCE_DATE_EPOCH"] = str(20758 * 86400)        # 2026-11-01
    (line,) = settings("ExecStart", PROVE)
    shutil.copytree(POLICY, ETC / "policy")
    live.nft("flush", "ruleset")
    live.expect(live.nft("-f", out / "data.nft"), 0, "boot: load")
    live.expect(start(line, PROVE), 0, "boot: prove")
    if not list(pathlib.Path("/run/firebreak").iterdir()):
        live.fail("boot: prove: no proof is kept")
    done = start(line.replace(" --quiet", ""), PROVE)
    if live.expect(done, 0, "boot: prove again") and "unchanged" not in done.stdout:
        live.fail(f"boot: prove again: {done.stdout}")
    live.nft("insert", "rule", "inet", "firebreak", "input", "accept")
    for _ in range(2):
        live.expect(start(line, PROVE), 1, "boot: prove what somebody changed")


def main():
    run.get_namespaces()
    live.skip_namespace()
    own_places()
    verify()
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory)
        live.expect(live.firebreak("compile", POLICY, "-t", "nft", "-o", out), 0, "compile")
        own_etc()
        lines = [(name, line) for name in ("ExecStart", "ExecReload") for line in settings(name)]
        for name, line in lines:
            try_line(line, out / "banco-andino/prod/nft", name)
        try_prove(out / "banco-andino/prod/nft")
    if not live.failures:
        print(f"boot      {len(lines)} lines of the unit load, load again, and fail when they "
              "should; and the line that proves", flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

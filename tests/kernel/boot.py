#!/usr/bin/env python3
"""packaging/systemd/firebreak.service, as far as it goes without a boot.

systemd-analyze, where there is one, reads the unit and has nothing to say.  The
lines that it starts and reloads with are run as they stand, with the capabilities
that the unit leaves them, in a network namespace with an /etc/firebreak of its
own: what they load is proved, and a ruleset that cannot be loaded fails them.

Needs root, or a user namespace.  Exit: 0 all as it should be, 1 not, 77 cannot run.
"""

import ctypes
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

UNIT = live.ROOT / "packaging/systemd/firebreak.service"
POLICY = live.ROOT / "policies/modyo-connect"
ETC = pathlib.Path("/etc/firebreak")
CLONE_NEWNS = 0x00020000


def verify():
    tool = shutil.which("systemd-analyze")
    if not tool:
        print("SKIP boot: no systemd-analyze: the unit is not verified", flush=True)
        return
    done = subprocess.run([tool, "verify", "--man=no", UNIT], capture_output=True, text=True)
    if done.returncode or done.stdout or done.stderr:
        live.fail(f"boot: systemd-analyze verify: {done.stdout}{done.stderr}")


def settings(name):
    """Every value of NAME in the unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.M)


def command_of(line):
    """
    LINE as systemd.service(5) takes it apart: what stands in quotes is one word, and
    `$f` in the middle of a word is left to the shell.
    """
    words = shlex.split(line)
    if any("${" in w or "%" in w or w.startswith("$") for w in words):
        live.fail(f"boot: systemd would put something else into {line}")
    return words


def start(line):
    """With no capability but the unit's."""
    (bounded,) = settings("CapabilityBoundingSet")
    kept = ",".join("+" + c.lower().removeprefix("cap_") for c in bounded.split())
    return subprocess.run(["setpriv", f"--bounding-set=-all,{kept}", "--no-new-privs",
                           *command_of(line)], capture_output=True, text=True)


def own_etc():
    """A place that is nobody else's, and gone with this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        run.skip("no mount namespace")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
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


def main():
    run.get_namespaces()
    verify()
    live.skip_namespace()
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory)
        live.expect(live.firebreak("compile", POLICY, "-t", "nft", "-o", out), 0, "compile")
        own_etc()
        lines = [(name, line) for name in ("ExecStart", "ExecReload") for line in settings(name)]
        for name, line in lines:
            try_line(line, out / "banco-andino/prod/nft", name)
    if not live.failures:
        print(f"boot      {len(lines)} lines of the unit load, load again, and fail when they "
              "should", flush=True)
    return 1 if live.failures else 0


if __name__ == "__main__":
    sys.exit(main())

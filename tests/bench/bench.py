#!/usr/bin/env python3
"""How long firebreak takes, always beside something that does not change.

Compiling with proof against `nft -c -f` of the same rules, start-up against
`true`, and growth from one size to its double.  Ratios of one run on one
machine are worth comparing, seconds are not.  Slow is no failure here; exit 1
is for a compilation that does not succeed.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

RULES_PER_LAYER = 50            # in and out: a security group holds 60
FIRST_PORT = 1024
GROWTH = (1250, 2500, 5000, 10000, 20000)
MAIN = 10000
DIFFED = 100000


def flat(rules, port_of=lambda k: FIRST_PORT + k):
    """(source, destination, port) of each rule; layers by number."""
    layers = rules // RULES_PER_LAYER
    return [(k % layers, (7 * k + 1) % layers, port_of(k))
            for k in range(rules)]


def prefix(layer):
    return f"10.{layer // 256}.{layer % 256}.0/24"


def write_policy(path, rules, port_of=lambda k: FIRST_PORT + k):
    layers = range(rules // RULES_PER_LAYER)
    vpcs = ", ".join(f"10.{i}.0.0/16" for i in range(layers[-1] // 256 + 1))
    with open(path, "w") as file:
        file.write('language 1;\npolicy bench "a flat policy";\n'
                   "environments prod;\n")
        file.writelines(f"layer l{i};\n" for i in layers)
        file.write(f"environment prod {{\n  account 111122223333;\n"
                   f"  region us-east-1;\n  vpc {vpcs};\n")
        file.writelines(f"  layer l{i} {prefix(i)};\n" for i in layers)
        file.write("}\n")
        file.writelines(
            f"r{k}: allow l{a} -> l{b} on tcp/{port} owner bench ticket T-{k} "
            f'reason "rule {k}";\n' for k, (a, b, port) in enumerate(
                flat(rules, port_of)))


def write_nft(path, rules):
    with open(path, "w") as file:
        file.write("table inet bench {\n\tchain forward {\n"
                   "\t\ttype filter hook forward priority filter; policy drop;\n")
        file.writelines(f"\t\tip saddr {prefix(a)} ip daddr {prefix(b)} "
                        f"tcp dport {port} accept\n" for a, b, port in flat(rules))
        file.write("\t}\n}\n")


def run(command):
    """Seconds, those of processors, and KiB of a command that has to succeed."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    err = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"FAIL {' '.join(command)}: exit {child.returncode}\n"
                 + err[:2000])
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def median_of(times, command, into=None):
    """Of so many runs, each of which finds the directory INTO gone."""
    runs = []
    for _ in range(times):
        if into:
            shutil.rmtree(into, ignore_errors=True)
        runs.append(run(command))
    took, busy, memory = zip(*runs)
    return statistics.median(took), statistics.median(busy), max(memory)


def nft_check(path):
    """`nft -c -f` where it may be run, or None."""
    nft = shutil.which("nft", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not nft:
        return None
    for inside in (["unshare", "-n"], ["unshare", "-Urn"]):
        if subprocess.run([*inside, "true"], capture_output=True).returncode == 0:
            return [*inside, nft, "-c", "-f", str(path)]
    return None


def compile_command(arguments, policy, into, target=None):
    return [arguments.firebreak, "compile", str(policy), "-o", str(into),
            *(["-t", target] if target else [])]


def megabytes(kibibytes):
    return f"{kibibytes / 1024:.0f} MiB"


def bench_proof(arguments, directory):
    policy, rules = directory / "main.fbk", directory / "main.nft"
    write_policy(policy, MAIN)
    write_nft(rules, MAIN)
    print(f"{MAIN} rules, {MAIN // RULES_PER_LAYER} layers; "
          f"median of {arguments.runs}")
    print("                                       clock  ratio  processors  ratio")
    check = nft_check(rules)
    base = median_of(arguments.runs, check) if check else None
    if base:
        print_line("nft -c -f, a rule a line", base, base)
    else:
        print("  SKIP nft -c -f: no nft, or no network namespace")
    for target in (None, "terraform", "nft"):
        into = directory / "out"
        print_line(f"compile and prove {target or 'all targets'}", median_of(
            arguments.runs, compile_command(arguments, policy, into, target),
            into), base)


def bench_size(arguments, directory):
    """Rules of security groups beside the fewest there can be: one at each end of a
    connection between layers for each service that a policy rule names."""
    policy = directory / "main.fbk"
    into = directory / "size"
    run(compile_command(arguments, policy, into, "terraform"))
    resources = json.loads((into / "prod/aws.tf.json").read_text())["resource"]
    emitted = sum(len(of) for kind, of in resources.items() if kind.endswith("_rule"))
    print(f"  {emitted} rules of security groups, {2 * MAIN} at least: "
          f"{emitted / (2 * MAIN):.2f}", flush=True)


def print_line(what, one, base):
    """Elapsed and processor seconds, each beside its ratio to BASE's."""
    ratios = [f"{a / b:5.2f}" if base else "  -  "
              for a, b in zip(one[:2], base or one)]
    print(f"  {what:32} {one[0]:8.3f} s {ratios[0]}  {one[1]:8.3f} s {ratios[1]}"
          f"  {megabytes(one[2])}", flush=True)


def bench_diff(arguments, directory):
    """Ten changed rules among many: beside compiling both policies."""
    old, new = directory / "old.fbk", directory / "new.fbk"
    write_policy(old, DIFFED, lambda k: FIRST_PORT + k // 2)
    write_policy(new, DIFFED, lambda k: FIRST_PORT + k // 2 +
                 (k % (DIFFED // 10) == 7))
    _, check, _ = median_of(arguments.runs,
                            [arguments.firebreak, "check", str(old)])
    into = directory / "diffed"
    once, busy, _ = median_of(arguments.runs, compile_command(
        arguments, old, into, "terraform"), into)
    base = (2 * once, 2 * busy)
    print(f"diff of two policies of {DIFFED} rules, 10 changed; "
          f"median of {arguments.runs}\n"
          "                                       clock  ratio  processors  ratio")
    print_line("compile for Terraform, twice", (*base, 0), base)
    print_line("check, twice", (2 * check, 2 * check, 0), base)
    for name, options in (("packets only", ["--reach-only"]),
                          ("invariants, outputs", [])):
        print_line(f"diff, {name}", median_of(arguments.runs, [
            arguments.firebreak, "diff", *options, str(old), str(new)]), base)


def bench_start(arguments):
    version, _, _ = median_of(50, [arguments.firebreak, "version"])
    nothing, _, _ = median_of(50, [shutil.which("true")])
    print(f"start-up, median of 50\n"
          f"  firebreak version {version * 1000:.2f} ms, true "
          f"{nothing * 1000:.2f} ms, ratio {version / nothing:.2f}", flush=True)


def bench_growth(arguments, directory):
    print(f"growth, all targets, {RULES_PER_LAYER} rules per layer; "
          f"median of {arguments.runs}\n   rules  seconds  to the half  memory")
    half = None
    for rules in GROWTH:
        policy = directory / f"{rules}.fbk"
        write_policy(policy, rules)
        took, _, memory = median_of(arguments.runs, compile_command(
            arguments, policy, directory / f"out-{rules}"),
            directory / f"out-{rules}")
        ratio = f"{took / half:.2f}" if half else "-"
        print(f"  {rules:6} {took:8.3f}  {ratio:>11}  {megabytes(memory)}",
              flush=True)
        half = took


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--firebreak", default=os.environ.get(
        "FIREBREAK", str(ROOT / "build/firebreak")))
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="firebreak-bench-") as name:
        directory = pathlib.Path(name)
        bench_proof(arguments, directory)
        bench_size(arguments, directory)
        bench_diff(arguments, directory)
        bench_start(arguments)
        bench_growth(arguments, directory)


if __name__ == "__main__":
    main()

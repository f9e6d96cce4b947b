#!/usr/bin/env python3
"""How long `firebreak check` takes as a fleet or a policy grows.

Fleets are customers of three environments each, with every form of invariant;
flat policies are rules of one environment, a tenth of them covered by others.
What is worth comparing is one size with the next, and with reading alone, in
one run.  Slow is no failure here; exit 1 is for a check that does not succeed.
"""

import argparse
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

ENVIRONMENTS = ("dev", "prod", "staging")
LAYERS = ("edge", "services", "data", "endpoints", "ops")

PLATFORM = """language 1;
policy fleet "a generated fleet";
include <services>;
environments dev, prod, staging;
layer edge; layer services; layer data; layer endpoints; layer ops;
network core via vpn;
network partners via nat = 1.2.3.0/28;
public:   allow internet -> edge on https;
forward:  allow edge -> services on tcp/32768-65535;
store:    allow services -> data on postgres, redis;
images:   allow services -> endpoints on https;
shell:    allow ops -> services on ssh in dev, staging;
core:     allow services -> core on tcp/8443;
pay:      allow services -> partners on https;
replica:  allow data -> data on postgres;
"""

INVARIANTS = """
environments-apart: isolate environments except internet -> edge on https;
customers-apart: isolate customers except internet -> edge on https;
data-private:    only services, data -> data on postgres, redis;
public-at-edge:  never internet -> any except edge;
no-way-out:      never data -> internet transitively;
waypoint:        never internet -> data avoiding services transitively;
near:            within 2 hops never internet -> data;
radius:          reach edge within 2 at most 3 layers;
db-reachable:    must services -> data on postgres in prod;
order:           tiers edge > services > data;
same:            parity dev, staging;
short:           each rule services at most 70000 ports;
"""


def write_fleet(path, customers):
    """Customers live in overlapping 10.x networks, as customers do."""
    with open(path, "w", encoding="ascii") as file:
        file.write(PLATFORM + INVARIANTS)
        for c in range(customers):
            file.write(f"customer c{c} {{ account a{c};\n")
            for e, environment in enumerate(ENVIRONMENTS):
                net = f"10.{(3 * c + e) % 250}"
                six = f"2600:{1 + c // 65536:x}:{c % 65536:x}:{e + 1:x}00"
                file.write(
                    f" environment {environment} {{ vpc {net}.0.0/16, {six}::/56;"
                    f" layer edge {net}.0.0/24, {six}::/64;"
                    f" layer services {net}.16.0/20, {six[:-2]}01::/64;"
                    f" layer data {net}.64.0/22; layer endpoints {net}.72.0/24;"
                    f" layer ops {net}.80.0/26; network core 172.{16 + c % 16}.{c // 16 % 256}.0/28; }}\n")
            file.write("}\n")


def write_broken_fleet(path, customers):
    """Every environment reaches the addresses of every other customer."""
    write_fleet(path, customers)
    with open(path, "a", encoding="ascii") as file:
        file.write("leak: allow services -> internet on https;\n")


def write_flat(path, rules):
    """Fifty rules a layer, every tenth one covered by two others together."""
    layers = max(rules // 50, 2)
    with open(path, "w", encoding="ascii") as file:
        file.write("language 1;\npolicy flat;\nenvironments prod;\n")
        file.writelines(f"layer l{i};\n" for i in range(layers))
        vpcs = ", ".join(f"{10 + i}.0.0.0/8" for i in range((layers - 1) // 65536 + 1))
        file.write(f"environment prod {{ vpc {vpcs};\n")
        file.writelines(f" layer l{i} {10 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24;\n"
                        for i in range(layers))
        file.write("}\n")
        for k in range(rules):
            a, b = k // 50 % layers, (7 * (k // 10) + 1) % layers
            port = 2000 + k % 10 * 100
            ports = f"{port}-{port + 99}" if k % 10 < 9 else "2050-2149"
            file.write(f"r{k}: allow l{a} -> l{b} on tcp/{ports};\n")
        file.write("far: never l0 -> l1 on tcp/1 transitively;\n"
                   "none: never internet -> any;\n")


def measure(command, status=0):
    """Seconds of user and system time, MiB at the most, and what it says."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        os.dup2(write, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execv(command[0], command)
    os.close(write)
    with os.fdopen(read) as stream:
        out = stream.read()
    _, ended, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(ended) != status:
        sys.exit(f"FAIL {' '.join(command)}: {out}")
    return (usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.strip())


def table(title, sizes, write, arguments, directory, status=0):
    print(f"{title}\n     size   seconds  to before   memory")
    before = None
    for size in sizes:
        policy = directory / f"{size}.fbk"
        write(policy, size)
        took, memory, out = measure([arguments.firebreak, "check", str(policy)],
                                    status)
        growth = f"{took / before:.2f}" if before else "-"
        print(f"  {size:7} {took:9.3f}  {growth:>9}  {memory:5.0f} MiB  {out}",
              flush=True)
        policy.unlink()
        before = took


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--firebreak", default=os.environ.get(
        "FIREBREAK", str(ROOT / "build/firebreak")))
    parser.add_argument("--customers", type=int, nargs="*",
                        default=[10, 100, 1000, 10000])
    parser.add_argument("--rules", type=int, nargs="*",
                        default=[1000, 10000, 100000])
    arguments = parser.parse_args()
    arguments.firebreak = os.path.realpath(arguments.firebreak)
    with tempfile.TemporaryDirectory(prefix="firebreak-bench-") as name:
        directory = pathlib.Path(name)
        table("fleets: customers of three environments, 12 invariants",
              arguments.customers, write_fleet, arguments, directory)
        table("the same with a rule that breaks the isolation of customers everywhere",
              arguments.customers, write_broken_fleet, arguments, directory, 1)
        table("flat: rules, a tenth of them covered by others",
              arguments.rules, write_flat, arguments, directory)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How fast policies are scanned and parsed, beside what does not change.

One, two and four million lines, spread over included files below 16 MiB each;
`wc -l` of the same files and a JSON parse of as many bytes in the same run.
User seconds: on a busy machine the clock says little.
"""

import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PARSE = os.environ.get("PARSE", str(ROOT / "build/tests/bench/parse"))
LINES = [int(word) for word in sys.argv[1:]] or [1000000, 2000000, 4000000]


def user_seconds(command):
    """User seconds of a command that has to succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def write_json(path, size):
    """As many bytes of JSON: the same rules as objects."""
    with open(path, "w") as file:
        written = file.write("[")
        number = 0
        while written < size:
            written += file.write(("," if number else "") + json.dumps({
                "name": f"rule-{number}", "from": ["services"],
                "to": ["data", "endpoints"],
                "on": ["postgres", f"tcp/{number % 65536}"],
                "in": ["staging", "prod"], "owner": "platform-sre",
                "ticket": f"CHG-{number}",
                "reason": f"what the rule number {number} is good for"}))
            number += 1
        file.write("]")


def measure(lines, directory):
    folder = directory / str(lines)
    folder.mkdir()
    out = subprocess.run([PARSE, str(folder), str(lines)], check=True,
                         capture_output=True, text=True).stdout
    _, size, user, system, memory = map(float, out.split())
    mb, user, system = size / 1e6, user / 1000, system / 1000
    wc = user_seconds(["wc", "-l", *map(str, folder.glob("*.fbk"))])
    shutil.rmtree(folder)
    document = directory / "same-size.json"
    write_json(document, size)
    loads = user_seconds([sys.executable, "-c",
                          "import json, sys; json.load(open(sys.argv[1]))",
                          str(document)])
    document.unlink()
    print(f"  {lines:8} {mb:5.0f} {user:6.2f} {mb / user:6.0f} "
          f"{mb / (user + system):16.0f} {memory / size:7.1f}x "
          f"{mb / max(wc, 0.001):13.0f} {mb / max(loads, 0.001):16.0f}",
          flush=True)


print("reading, scanning and parsing, a rule of 210 bytes on four lines\n"
      "     lines    MB  user s   MB/s  MB/s with kernel  memory"
      "  wc -l, MB/s  json.load, MB/s", flush=True)
with tempfile.TemporaryDirectory(prefix="firebreak-parse-") as name:
    for count in LINES:
        measure(count, pathlib.Path(name))

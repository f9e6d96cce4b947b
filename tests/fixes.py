"""Every fix of every golden policy, applied alone: what it mends is gone, and
nothing else is wrong that was not before.  All of a policy at once, too."""
import json
import os
import shutil
import subprocess
import sys

TOOL = os.path.abspath(sys.argv[1])
WORK = sys.argv[2]
HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, 'golden', 'diag')
DAY = '2026-11-23'
failures = 0


def fail(where, what):
    global failures
    failures += 1
    print(f'{where}: {what}')


def findings(folder, args):
    done = subprocess.run([TOOL, args[0], '--as-of', DAY, '--format', 'json', *args[1:]],
                          cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)['findings']


def apply(folder, fixes):
    """From behind, so that the places before stay where they are."""
    for fix in sorted(fixes, key=lambda f: (f['place']['file'], f['bytes']), reverse=True):
        path = os.path.join(folder, fix['place']['file'])
        with open(path, 'rb') as file:
            text = file.read()
        lo, hi = fix['bytes']
        with open(path, 'wb') as file:
            file.write(text[:lo] + fix['text'].encode() + text[hi:])


def fixes_of(finding):
    return [part for part in finding['parts'] if part['kind'] == 'fix']


def key(finding):
    return finding['code'], finding['message']


def try_fixes(name, args, fixes, mended, old):
    folder = os.path.join(WORK, 'tried')
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for part in os.listdir(GOLDEN):
        if part == name or os.path.isdir(os.path.join(GOLDEN, part)):
            (shutil.copy if part == name else shutil.copytree)(
                os.path.join(GOLDEN, part), os.path.join(folder, part))
    apply(folder, fixes)
    new = [key(f) for f in findings(folder, args) if f['severity'] != 'note']
    for finding in mended:
        if new.count(key(finding)) >= [key(f) for f in old].count(key(finding)):
            fail(name, f'{finding["message"]}: still there with its fix {fixes[0]["text"]!r}')
    known = {key(f) for f in old}
    # what could not be read was not looked at any further: that may come now
    first = min((f['code'][:3] for f in old if f['severity'] == 'error'), default='P99')
    for other in new:
        if other not in known and other[0][:3] <= first:
            fail(name, f'a fix {fixes[0]["text"]!r} brings {other}')


tried = policies = 0
for file in sorted(os.listdir(GOLDEN)):
    base = os.path.join(GOLDEN, file[:-4])
    if not file.endswith('.fbk'):
        continue
    args = ['check', file]
    if os.path.exists(base + '.args'):
        with open(base + '.args') as text:
            args = text.read().split()
    if args[0] not in ('check', 'compile', 'prove'):
        continue
    old = findings(GOLDEN, args)
    all_fixes = []
    for finding in old:
        for fix in fixes_of(finding):
            try_fixes(file, args, [fix], [finding], old)
            tried += 1
        all_fixes += fixes_of(finding)[:1]
    if all_fixes:
        policies += 1
        try_fixes(file, args, all_fixes, [f for f in old if fixes_of(f)], old)
print(f'fixes: {tried} of {policies} policies applied, {failures} wrong')
sys.exit(failures != 0 or tried < 15)

"""The picture of a policy: it parses, nothing of it overlaps, every pair that may
talk is in it and no other, and a policy's words are harmless in all three forms."""
import json
import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

TOOL = os.path.abspath(sys.argv[1])
WORK = sys.argv[2]
HERE = os.path.dirname(os.path.abspath(__file__))
DAY = '2026-11-23'
SVG = '{http://www.w3.org/2000/svg}'
failures = pictures = 0


def fail(where, what):
    global failures
    failures += 1
    print(f'{where}: {what}')


def run(*args):
    return subprocess.run([TOOL, *args, '--as-of', DAY], capture_output=True)


def box(rect):
    x, y, w, h = (int(rect.get(k)) for k in ('x', 'y', 'width', 'height'))
    return x, y, x + w, y + h


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def check_picture(where, group, size):
    rects = {kind: [box(r) for r in group.iter(SVG + 'rect') if kind in r.get('class').split()]
             for kind in ('g-node', 'g-pill')}
    everything = rects['g-node'] + rects['g-pill']
    for i, a in enumerate(everything):
        if any(overlap(a, b) for b in everything[:i]):
            fail(where, f'{a} lies on another')
        if a[0] < 0 or a[1] < 0 or a[2] > size[0] or a[3] > size[1]:
            fail(where, f'{a} is outside of {size}')
    wires = [g for g in group.iter(SVG + 'g') if g.find(SVG + 'path') is not None]
    for wire in wires:
        numbers = [int(n) for n in re.findall(r'-?[0-9]+', wire.find(SVG + 'path').get('d'))]
        if not numbers or min(numbers) < -200:
            fail(where, 'a wire without a way')
        tip = wire.findall(SVG + 'path')[1].get('d')
        x, y = (int(n) for n in re.match(r'M(-?[0-9]+) (-?[0-9]+)', tip).groups())
        if not any(b[1] < y < b[3] and x in (b[0], b[2]) for b in rects['g-node']):
            fail(where, f'a tip at {x},{y} that is at no node')
    inner = [t for t in group.iter(SVG + 'text') if t.get('class') == 'g-inner']
    return len(wires), len(inner)


def check_svg(where, text, count):
    root = xml.fromstring(text)
    for element in root.iter():
        name = element.tag.replace(SVG, '')
        if name not in ('svg', 'title', 'style', 'rect', 'text', 'g', 'path'):
            fail(where, f'an element {name}')
        for key in element.keys():
            if key.startswith('on') or key.endswith('href'):
                fail(where, f'an attribute {key}')
    size = int(root.get('width')), int(root.get('height'))
    groups = [g for g in root if g.tag == SVG + 'g']
    sums = [check_picture(where, g, size) for g in groups]
    if sum(a + b for a, b in sums) != count:
        fail(where, f'{sums} wires for {count} pairs')


def check_dot(where, text, count):
    path = os.path.join(WORK, 'g.dot')
    with open(path, 'wb') as file:
        file.write(text)
    done = subprocess.run(['dot', '-Tsvg', path], capture_output=True)
    if done.returncode or done.stderr:
        fail(where, f'dot: {done.stderr.decode()[:300]}')
        return
    root = xml.fromstring(done.stdout)
    edges = [g for g in root.iter(SVG + 'g') if g.get('class') == 'edge']
    if len(edges) != count:
        fail(where, f'dot draws {len(edges)} edges for {count} pairs')


def check_mermaid(where, text, count):
    lines = text.decode().split('\n')
    label = r'"[A-Za-z0-9 ,./:+#;\-\u00a0-\U0010ffff]*(<br/>[A-Za-z0-9 ,./:+#;\-\u00a0-\U0010ffff]*)?"'
    forms = [r'flowchart LR', rf'  subgraph s\d+\[{label}\]', r'  end', r'',
             rf'    n\d+_\d+(\[{label}\]|\(\[{label}\]\))',
             rf'    n\d+_\d+ (-->|-\.->)\|{label}\| n\d+_\d+']
    edges = 0
    for line in lines:
        if not any(re.fullmatch(form, line) for form in forms):
            fail(where, f'mermaid: {line!r}')
        edges += '| n' in line
    if edges != count:
        fail(where, f'mermaid has {edges} edges for {count} pairs')


def check(where, path):
    global pictures
    out = os.path.join(WORK, f'report{pictures}')
    run('report', path, '-o', out, '-q')
    with open(os.path.join(out, 'model.json')) as file:
        model = json.load(file)
    count = sum(bool(cell['services']) for s in model['segments'] for cell in s['matrix'])
    for form, see in (('svg', check_svg), ('dot', check_dot), ('mermaid', check_mermaid)):
        done = run('graph', '--format', form, path)
        if done.returncode or done.stderr:
            fail(where, f'{form}: exit {done.returncode} {done.stderr.decode()[:200]}')
            continue
        see(where, done.stdout, count)
        if done.stdout != run('graph', '--format', form, path).stdout:
            fail(where, f'{form}: other bytes the second time')
        pictures += 1


HOSTILE = ['"];evil[label="', '\\N \\G', '&lt;script&gt;', '<script>alert(1)</script>', "' onload='x",
           '<!-- -->', ']]>', '"]-->|x|n9', 'end', '#34;', '\\', '${x}', 'a' * 300, 'ж漢字\U0001f525']


def policy(seed):
    dice = random.Random(seed)
    layers = [f'l{i}' + 'x' * dice.randrange(0, 30) for i in range(dice.randrange(1, 14))]
    outside = ['internet', 'near', 'far']
    lines = ['language 1;', f'policy p{seed} {json.dumps("hostile: " + HOSTILE[seed % len(HOSTILE)], ensure_ascii=False)};',
             'environments dev, prod;']
    for i, name in enumerate(layers):
        title = HOSTILE[(seed + i) % len(HOSTILE)].replace('\\', '\\\\').replace('"', '\\"')
        lines.append(f'layer {name} "{title}";')
    lines.append('network near via vpn = 172.16.0.0/16; network far via nat = 192.0.2.0/24;')
    for n, env in enumerate(('dev', 'prod')):
        lines.append(f'environment {env} {{ vpc 10.{n}.0.0/16;')
        lines += [f'layer {name} 10.{n}.{i}.0/24;' for i, name in enumerate(layers)] + ['}']
    for i in range(dice.randrange(0, 3 * len(layers) + 1)):
        a, b = dice.choice(layers), dice.choice(layers)
        if dice.random() < 0.3:
            a = dice.choice(outside)
        elif dice.random() < 0.3:
            b = dice.choice(outside)
        services = ', '.join(sorted({f'tcp/{dice.randrange(1, 65536)}' for _ in range(dice.randrange(1, 5))}))
        where = dice.choice(['', '', ' in prod', ' in dev'])
        lines.append(f'r{i}: allow {a} -> {b} on {services}{where}{dice.choice(["", " expires 2027-01-01"])};')
    return '\n'.join(lines) + '\n'


check('the example', os.path.join(HERE, '../policies/modyo-connect'))
for seed in range(int(sys.argv[3]) if len(sys.argv) > 3 else 12):
    path = os.path.join(WORK, f'{seed}.fbk')
    with open(path, 'w') as file:
        file.write(policy(seed))
    check(f'seed {seed}', path)
for args in (['--only', 'nobody.prod'], ['--format', 'png']):
    done = run('graph', *args, os.path.join(HERE, '../policies/modyo-connect'))
    if done.returncode != 2 or done.stdout:
        fail(' '.join(args), 'is not refused')
one = run('graph', '--only', 'banco-andino.prod', os.path.join(HERE, '../policies/modyo-connect')).stdout
if one.count(b'g-vpc"') != 1 or b'>banco-andino.prod<' not in one:
    fail('--only', 'does not show the one environment')
print(f'graph: {pictures} pictures, {failures} faults')
sys.exit(failures != 0)

"""Every format of findings, of every golden policy and of hostile ones: each
valid by its schema or published rule, none of them obeying a policy's words,
and all of them saying the same."""
import csv
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

import jsonschema

TOOL = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
WORK = sys.argv[2]
DAY = '2026-11-23'
FORMATS = ['json', 'sarif', 'github', 'gitlab', 'junit', 'csv', 'markdown']
SEVERITIES = ('error', 'warning', 'note')
failures = 0
counts = {}


def fail(where, what):
    global failures
    failures += 1
    print(f'{where}: {what}')


def schema_of(path):
    with open(os.path.join(HERE, path)) as file:
        schema = json.load(file)
    return jsonschema.validators.validator_for(schema)(schema)


OURS = schema_of('../schemas/findings.schema.json')
DIFF = schema_of('../schemas/diff.schema.json')
SARIF = schema_of('schemas/sarif-schema-2.1.0.json')


def run(args, cwd, stdin=None):
    done = subprocess.run([TOOL, args[0], '--as-of', DAY, *args[1:]], cwd=cwd, input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout


def strange(text, also=''):
    """Controls and marks that turn or hide text."""
    return [c for c in text if c not in also and (ord(c) < 32 or
            0x7f <= ord(c) < 0xa0 or 0x202a <= ord(c) <= 0x202e or
            0x200b <= ord(c) <= 0x200f or ord(c) == 0xfeff)]


def check_json(where, text, code):
    document = json.loads(text)
    for error in OURS.iter_errors(document):
        fail(where, f'json: {error.message}')
    prints = [f['fingerprint'] for f in document['findings']]
    if len(set(prints)) != len(prints):
        fail(where, 'json: two findings have one fingerprint')
    if ['ok', 'no', 'bad', 'fault'].index(document['status']) != code:
        fail(where, f'json: status {document["status"]} and exit code {code}')
    for severity in SEVERITIES:
        told = sum(f['severity'] == severity for f in document['findings'])
        if told != document[severity + 's']:
            fail(where, f'json: {told} {severity}s are told')
    failing = any(f['fails'] for f in document['findings'])
    if failing != (code != 0):
        fail(where, f'json: exit code {code}, but findings that fail: {failing}')
    return document


def check_sarif(where, text, document):
    log = json.loads(text)
    for error in SARIF.iter_errors(log):
        fail(where, f'sarif: {error.message}')
    one = log['runs'][0]
    rules = one['tool']['driver']['rules']
    if not one['automationDetails']['id'].endswith('/'):
        fail(where, 'sarif: an automation id without its slash')
    if len(one['results']) != len(document['findings']):
        fail(where, 'sarif: not as many results as findings')
    for result in one['results']:
        if rules[result['ruleIndex']]['id'] != result['ruleId']:
            fail(where, 'sarif: a rule index that is wrong')
        place = result['locations'][0]['physicalLocation']
        if set(place['region']) != {'startLine', 'startColumn', 'endLine', 'endColumn'}:
            fail(where, 'sarif: GitHub wants four numbers of a region')
        if re.search(r'[^A-Za-z0-9._~/%:-]', place['artifactLocation']['uri']):
            fail(where, f'sarif: {place["artifactLocation"]["uri"]} is no URI')
        if not result['partialFingerprints'].get('firebreak/v1'):
            fail(where, 'sarif: no fingerprint')
        if re.search(r'\]\(|\{[0-9]', result['message']['text']):
            fail(where, 'sarif: a link or an argument in a message')
    for rule in rules:
        if not (rule['shortDescription'] and rule['help']['markdown']) or \
                len(rule['fullDescription']['text']) > 1024:
            fail(where, 'sarif: texts of a rule')


def check_github(where, text, document):
    lines = text.split('\n')
    stop = next((i for i, line in enumerate(lines)
                 if line.startswith('::stop-commands::')), None)
    told = dict.fromkeys(('error', 'warning', 'notice'), 0)
    for line in lines[:stop]:
        found = re.fullmatch(
            r'::(error|warning|notice) file=[^:,\r]*,line=[0-9]+(,endLine=[0-9]+)?'
            r'(,col=[0-9]+,endColumn=[0-9]+)?,title=P[0-9]{4}::[^\r]*', line)
        if found:
            told[found[1]] += 1
        elif line.startswith('::'):
            fail(where, f'github: a command that nobody gave: {line}')
    for word, severity in zip(told, SEVERITIES):
        if told[word] != min(10, document[severity + 's']):
            fail(where, f'github: {told[word]} annotations of {severity}')
    if stop is not None:
        token = lines[stop][len('::stop-commands::'):]
        ends = [i for i, line in enumerate(lines) if line == f'::{token}::']
        if len(ends) != 1 or any(line.startswith('::') for line in lines[ends[0] + 1:]):
            fail(where, 'github: commands start again too early, or never')
    if strange(text, '\n'):
        fail(where, f'github: {strange(text, chr(10))!r}')


def check_gitlab(where, text, document):
    entries = json.loads(text)
    if len(entries) != len(document['findings']):
        fail(where, 'gitlab: not as many entries as findings')
    for entry in entries:
        path = entry['location']['path']
        good = (isinstance(entry['description'], str) and
                entry['check_name'].startswith('firebreak/P') and
                entry['severity'] in ('info', 'minor', 'major', 'critical', 'blocker') and
                not path.startswith('./') and entry['location']['lines']['begin'] >= 1)
        if not good:
            fail(where, f'gitlab: {entry}')
    if len({entry['fingerprint'] for entry in entries}) != len(entries):
        fail(where, 'gitlab: fingerprints are not unique')
    if text.startswith('\ufeff'):
        fail(where, 'gitlab: a byte-order mark')


def check_junit(where, text, document):
    root = xml.fromstring(text)
    with open(os.path.join(WORK, f'{len(os.listdir(WORK))}.junit.xml'), 'w') as file:
        file.write(text)
    for of in (root, *root.findall('testsuite')):
        for name, tag in (('tests', 'testcase'), ('failures', 'failure')):
            if int(of.get(name)) != len(list(of.iter(tag))):
                fail(where, f'junit: {name} does not count them')
    failing = sum(f['fails'] for f in document['findings'])
    if len(list(root.iter('failure'))) != failing:
        fail(where, f'junit: {len(list(root.iter("failure")))} failures for {failing} findings')
    if strange(text, '\n'):
        fail(where, f'junit: {strange(text, chr(10))!r}')


def check_csv(where, text, document):
    if '\n' in text.replace('\r\n', ''):
        fail(where, 'csv: a line that does not end in CR LF')
    rows = list(csv.reader(io.StringIO(text, newline='')))
    if len(rows) != len(document['findings']) + 1:
        fail(where, 'csv: not as many rows as findings')
    for row in rows:
        if len(row) != len(rows[0]):
            fail(where, f'csv: {len(row)} cells')
        if any(cell[:1] in ('=', '+', '-', '@', '\t', '\r') for cell in row if cell):
            fail(where, f'csv: a formula in {row}')
        if strange(''.join(row)):
            fail(where, f'csv: {row!r}')


def check_markdown(where, text, document):
    if len(text.encode()) > 60000:
        fail(where, 'markdown: too long for a comment')
    if not re.match(r'<!-- firebreak:[a-z]+ policy=[A-Za-z0-9._-]* v=1 -->\n', text):
        fail(where, 'markdown: no tag')
    tags = set(re.findall(r'<[^>]*>', re.sub(r'(`+)(?:(?!\1).)*\1(?!`)', '', text, flags=re.S)))
    if any(not re.fullmatch(r'</?(details|summary)>|<!-- firebreak:[^<>]* -->', tag) for tag in tags):
        fail(where, f'markdown: tags of a policy {tags}')
    if strange(text, '\n'):
        fail(where, f'markdown: {strange(text)!r}')


VERBS = ('opens', 'moves', 'narrows', 'closes')
TOLD = {  # where a format says what is opened, moved, …
    'sarif': r'"level": "[a-z]+",\n *"message": \{ "text": "%s `', 'gitlab': r'"description": "%s `',
    'github': r'(?m)^(?:error|warning|note)\[P1[0-9]{3}\]: %s `', 'junit': r'<testcase [^>]* name="%s `',
    'csv': r'"%s `'}


def check_diff(where, args, cwd, stdin=None):
    """Every format of a diff says what its JSON says."""
    code, out = run(['diff', '--format', 'json', *args], cwd, stdin)
    if code > 1:
        fail(where, f'exit code {code}')
        return None
    diff = json.loads(out)
    for error in DIFF.iter_errors(diff):
        fail(where, f'json: {error.message}')
    text = {}
    for name in ('sarif', 'github', 'gitlab', 'junit', 'csv'):
        got, out = run(['diff', '--format', name, *args], cwd, stdin)
        text[name] = out.decode('utf-8')
        if got != code:
            fail(where, f'{name}: exit code {got}, as JSON {code}')
        for verb in VERBS:
            told = len(re.findall(TOLD[name] % verb, text[name]))
            if told != sum(reach['kind'] == verb for reach in diff['reach']):
                fail(where, f'{name}: says {told} times that something {verb}')
        counts[name] = counts.get(name, 0) + 1
    results = json.loads(text['sarif'])['runs'][0]['results']
    failing = len(re.findall('<failure ', text['junit']))
    document = {'findings': [{'fails': n < failing} for n in range(len(results))]}
    for severity in SEVERITIES:
        document[severity + 's'] = sum(r['level'] == severity for r in results)
    if (failing > 0) != (code == 1):
        fail(where, f'junit: {failing} failures, exit code {code}')
    for name, out in text.items():
        CHECKS[name](where, out, document)
    return [r['partialFingerprints']['firebreak/v1'] for r in results]


CHECKS = {'sarif': check_sarif, 'github': check_github, 'gitlab': check_gitlab,
          'junit': check_junit, 'csv': check_csv, 'markdown': check_markdown}


def check_all(where, args, cwd, stdin=None):
    code, _ = run(args, cwd, stdin)
    document = None
    for name in FORMATS:
        got, out = run([args[0], '--format', name, *args[1:]], cwd, stdin)
        text = out.decode('utf-8')
        if got != code:
            fail(where, f'{name}: exit code {got}, as text {code}')
        if name == 'json':
            document = check_json(where, text, code)
        else:
            CHECKS[name](where, text, document)
        counts[name] = counts.get(name, 0) + 1
    return document


# --- every golden ---

GOLDEN = os.path.join(HERE, 'golden', 'diag')
for name in sorted(os.listdir(GOLDEN)):
    if not name.endswith('.fbk'):
        continue
    base = os.path.join(GOLDEN, name[:-4])
    args = ['check', name]
    if os.path.exists(base + '.args'):
        with open(base + '.args') as file:
            args = file.read().split()
    if '-o' in args:        # the goldens write nothing, for want of a directory
        args[args.index('-o') + 1] = os.path.join(WORK, 'out')
    if args[0] in ('check', 'compile', 'prove'):
        check_all(name, args, GOLDEN)
    if name.startswith('P10'):
        for also in ([], ['--fail-on', 'widening'], ['--fail-on', 'any'], ['--expect', 'web -> app on tcp/22']):
            check_diff(f'{name} {also}', [*also, 'change.fbk', name], GOLDEN)

# --- hostile words, in what a policy says and in what its files are called ---

HOSTILE = ['=cmd|calc', '+1', '-1', '@sum', '::error::x', '\n::error::owned',
           '%0A::warning::x', '<script>alert(1)</script>', '"><img src=x>', "'",
           '[click](javascript:x)', '](1)', '{0}', '${jndi:x}', '{{x}}', '\u202egnp',
           '\u200b', '`', '```', '--> x', ']]>', '&amp;', '| a | b |', '\x1b[31m', '\\', '@everyone']


def policy(texts, broken=True):
    """A rule a text that has expired, one that cannot be read, an invariant that breaks."""
    quoted = [text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', ' ') for text in texts]
    lines = ['language 1;', f'policy p "{quoted[0]}";', 'environments dev;',
             f'layer a "{quoted[0]}";', 'layer b;',
             'environment dev { vpc 10.0.0.0/16; layer a 10.0.0.0/24; layer b 10.0.1.0/24; }',
             's: allow a -> b on tcp/23;', 'i: never a -> b on tcp/23;']
    for number, (text, raw) in enumerate(zip(quoted, texts)):
        lines.append(f'r{number}: allow a -> b on tcp/22 reason "{text}" owner "{text}"'
                     f' ticket "{text}" expires 2026-01-01;')
        if broken:
            lines.append(f'x{number}: allow {raw} -> b on tcp/24;')
    return '\n'.join(lines).encode() + b'\n'


check_all('hostile words', ['check', '-'], WORK, policy(HOSTILE))
with open(os.path.join(WORK, 'old.fbk'), 'wb') as file:
    file.write(policy('xyz', False).replace(b'expires 2026-01-01', b'').replace(b'tcp/23;', b'tcp/24;'))
check_diff('hostile reasons in a diff', ['old.fbk', '-'], WORK, policy(
    [text for text in HOSTILE if not strange(text)], False).replace(b'2026-01-01', b'2030-01-01'))
# what is refused as text hides all else: once more with what can be read
PLAIN = [text for text in HOSTILE if not strange(text)]
check_all('hostile reasons', ['check', '-'], WORK, policy(PLAIN, broken=False))
for number, text in enumerate(HOSTILE):
    if '/' in text or number % 3:
        continue
    folder = os.path.join(WORK, f'd{number}', text)
    os.makedirs(folder)
    with open(os.path.join(folder, 'main.fbk'), 'wb') as file:
        file.write(policy('x'))
    check_all(f'a folder called {text!r}', ['check', '--', text], os.path.dirname(folder))
    check_all(f'a file called {text!r}', ['prove', '--', os.path.join(HERE, 'golden/diag/P0603.fbk'),
                                          os.path.join(text, 'main.fbk')], os.path.dirname(folder))

# --- many findings: told within the limits, and what is left out is said ---

many = b'language 1;\npolicy p;\n' + b''.join(b'r%d: allow nowhere%d -> any on any;\n' % (i, i) for i in range(1000))
check_all('1000 errors', ['check', '-'], WORK, many)
for name, words in (('github', '991 more in the log'), ('markdown', 'more findings not shown here')):
    if words not in run(['check', '--format', name, '-'], WORK, many)[1].decode():
        fail('1000 errors', f'{name} does not say what it leaves out')

# --- an identity outlives a move of its line ---

before = check_all('moved', ['check', '-'], WORK, policy('x'))
after = check_all('moved', ['check', '-'], WORK, b'# a line more\n\n' + policy('x'))
if [f['fingerprint'] for f in before['findings']] != [f['fingerprint'] for f in after['findings']]:
    fail('moved', 'a line more makes other fingerprints')
if [f['place'] for f in before['findings']] == [f['place'] for f in after['findings']]:
    fail('moved', 'a line more moves nothing')

check_diff('what runs', ['running.nft', 'P1016.fbk'], GOLDEN)
check_diff('what runs', ['--fail-on', 'any', 'P1016.fbk', 'running.nft'], GOLDEN)
with open(os.path.join(GOLDEN, 'running.nft'), 'rb') as file:
    ruleset = file.read()
for name in ('=cmd|calc', '::error::x', '<script>alert(1)<', '[click](javascript:x)', 'a\nb', '\u202egnp'):
    path = os.path.join(WORK, name.replace('/', ' '))
    with open(path, 'wb') as file:
        file.write(ruleset)
    check_diff(f'what runs in {name!r}', [path, 'P1016.fbk'], GOLDEN)

before = check_diff('moved', ['change.fbk', 'P1001.fbk'], GOLDEN)
with open(os.path.join(GOLDEN, 'P1001.fbk'), 'rb') as file:
    after = check_diff('moved', ['change.fbk', '-'], GOLDEN, b'\n# more\n\n' + file.read())
if before != after or len(set(before)) != len(before):
    fail('moved', 'lines more make other fingerprints of a diff')

# --- what is wrong with the option itself ---

for args, words in ((['check', '--format', 'pdf', '-'], 'sarif'), (['version', '--format', 'json'], 'takes no')):
    done = subprocess.run([TOOL, *args], stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 2 or words not in done.stderr.decode() or done.stdout:
        fail(' '.join(args), 'is not refused')

# --- xmllint: one run for all ---

files = [os.path.join(WORK, f) for f in sorted(os.listdir(WORK)) if f.endswith('.junit.xml')]
done = subprocess.run(['xmllint', '--noout', '--schema', os.path.join(HERE, 'schemas/junit-10.xsd'), *files],
                      stderr=subprocess.PIPE)
if done.returncode:
    print(done.stderr.decode()[-2000:])
    fail('junit', 'not valid')

print(f'formats: {sum(counts.values())} documents in {len(counts)} formats, {failures} wrong')
sys.exit(failures != 0)

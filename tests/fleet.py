"""index.html of a fleet, row by row, against what the fleet was made to be.

A policy of 30 customers and three environments each, in a repository, then one
in which some customers get layers of their own with rules that break, expire and
are overdue: what each row has to say is known beforehand.  Digests are computed
again from the files, and every link leads somewhere.
"""
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

tool, work = sys.argv[1:3]
CUSTOMERS, ENVIRONMENTS = 30, ("dev", "prod", "staging")
LEGACY = {("c7", "prod"), ("c23", "prod"), ("c23", "dev")}     # breaks data-private, ends soon
OLD = {("c12", "dev"), ("c5", "staging")}                      # overdue; dev and staging differ
LAB = {("c9", "prod")}                                         # ends soon
bad = 0


def fail(what):
    global bad
    bad = 1
    print("FAILED:", what)


def policy(grown):
    out = ['language 1;', 'policy fleet "many <b>";', 'environments dev, prod, staging;', 'review every 365d;',
           'layer edge; layer data; layer legacy; layer old; layer lab;',
           'https: allow internet -> edge on tcp/443 reviewed 2026-05-01 by eva;',
           'store: allow edge -> data on tcp/5432 reviewed 2026-05-01 by eva;',
           'data-private: only edge -> data on tcp/5432;', 'same: parity dev, staging;']
    if grown:
        out += ['night: allow legacy -> data on tcp/22 reviewed 2026-11-01 by eva expires 2026-12-05;',
                'ages: allow old -> edge on tcp/9000 reviewed 2025-01-01 by eva;',
                'tmp: allow lab -> edge on tcp/9100 reviewed 2026-11-01 by eva expires 2026-12-20;']
    for c in range(CUSTOMERS):
        out.append(f'customer c{c} "Customer <i>{c}</i>" {{ account "{c:012}";')
        for e, name in enumerate(ENVIRONMENTS):
            net = f"10.{3 * c + e}"
            extra = "".join(f" layer {layer} {net}.{9 + i}.0/24;" for i, (layer, where) in
                            enumerate((("legacy", LEGACY), ("old", OLD), ("lab", LAB)))
                            if grown and (f"c{c}", name) in where)
            out.append(f" environment {name} {{ vpc {net}.0.0/16; layer edge {net}.0.0/24;"
                       f" layer data {net}.1.0/24;{extra} }}")
        out.append("}")
    return "\n".join(out) + "\n"


class Index(HTMLParser):
    """Rows as (customer, environment, classes, cells), links, and ids."""

    def __init__(self):
        super().__init__()
        self.rows, self.links, self.ids, self.customer, self.cell = [], [], set(), None, None

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        if "id" in at:
            if at["id"] in self.ids:
                fail(f"the id {at['id']} is there twice")
            self.ids.add(at["id"])
        if tag == "a":
            self.links.append(at["href"])
        if tag == "tbody":
            self.customer = at.get("id")
        if tag == "tr":
            self.row = [self.customer, at.get("class", ""), []]
        if tag in ("td", "th"):
            self.cell = ""
        if tag == "small" and self.cell is not None:
            self.cell += "|"

    def handle_data(self, text):
        if self.cell is not None:
            self.cell += text

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self.cell is not None:
            self.row[2].append(self.cell)
            self.cell = None
        if tag == "tr" and self.row[1].startswith("env"):
            self.rows.append(self.row)


def read(bundle):
    page = Index()
    page.feed(open(f"{work}/{bundle}/index.html", encoding="utf-8").read())
    report = open(f"{work}/{bundle}/report.html", encoding="utf-8").read()
    for link in page.links:
        path, _, place = link.partition("#")
        if path and not os.path.exists(f"{work}/{bundle}/{path}"):
            fail(f"{bundle}: the link {link} leads nowhere")
        if place and (f'id="{place}"' not in report if path else place not in page.ids):
            fail(f"{bundle}: the link {link} leads to no place")
    for customer, _, cells in page.rows:
        name = f"{customer[2:]}.{cells[0].partition('|')[0]}"
        at = [l for l in page.links if l.startswith("report.html#matrix")][page.rows.index([customer, _, cells])]
        title = re.search(rf'<h3 id="{at.partition("#")[2]}">(.*?)</h3>', report).group(1)
        if name not in title.split(", "):
            fail(f"{bundle}: {name} leads to the matrix of {title[:60]}")
    return page


def count(cell, word):
    found = re.search(rf"{word} (\d+)", cell)
    return int(found.group(1)) if found else 0


def number(cell):
    return int(re.search(r"\d+", cell).group(0))


def git(*arguments):
    subprocess.run(["git", "-C", f"{work}/fleet", "-c", "user.name=eva", "-c", "user.email=eva@example.org",
                    *arguments], check=True, capture_output=True)


def report(bundle, *arguments):
    run = subprocess.run([tool, "report", "fleet.fbk", "-o", f"../{bundle}", "--as-of", "2026-11-27", *arguments],
                         cwd=f"{work}/fleet", capture_output=True, text=True)
    return run.returncode


os.mkdir(f"{work}/fleet")
git("init", "-q", ".")
for grown in (False, True):
    with open(f"{work}/fleet/fleet.fbk", "w") as file:
        file.write(policy(grown))
    git("add", "-A")
    git("commit", "-qm", "grown" if grown else "the first")
    git("tag", "v2" if grown else "v1")
    if not grown and report("fleet-good") != 0:
        fail("a good fleet is no good")
if report("fleet-bad", "--since", "v1") != 1:
    fail("a broken fleet does not exit 1")

# The good one: every environment once, by name, and its digest.
page = read("fleet-good")
names = sorted((f"c{c}", e) for c in range(CUSTOMERS) for e in ENVIRONMENTS)
if [(c[2:], cells[0].partition("|")[0]) for c, _, cells in page.rows] != names:
    fail("rows of a good fleet: not every environment once, by name")
for customer, marks, cells in page.rows:
    folder = f"outputs/{customer[2:]}/{cells[0].partition('|')[0]}"
    files = sorted(os.path.relpath(os.path.join(top, f), f"{work}/fleet-good/outputs")
                   for top, _, some in os.walk(f"{work}/fleet-good/{folder}") for f in some)
    lines = "".join(hashlib.sha256(open(f"{work}/fleet-good/outputs/{f}", "rb").read()).hexdigest() + f"  {f}\n"
                    for f in files)
    if cells[-1] != hashlib.sha256(lines.encode()).hexdigest()[:16]:
        fail(f"{folder}: another digest than that of its files")
    if "holds" not in cells[1] or marks != "env" or cells[2] != "0" or cells[3] != "0":
        fail(f"{folder}: {cells}")

# The grown one: what was built in, and nothing else.
page = read("fleet-bad")
facts = {}
for customer, marks, cells in page.rows:
    where = (customer[2:], cells[0].partition("|")[0])
    broken = 0 if "holds" in cells[1] else number(cells[1])
    wanted = {
        "broken": (where in LEGACY) + any((where[0], e) in LEGACY | OLD for e in ("dev", "staging")
                                          if where[1] != "prod"),
        "opens": (where in LEGACY) + (where in OLD) + (where in LAB),
        "exceptions": (where in LEGACY) + (where in LAB),
        "overdue": (where in OLD),
        "ends": "2026-12-05" if where in LEGACY else "2026-12-20" if where in LAB else "",
    }
    said = {
        "broken": broken, "opens": count(cells[2], "opens"), "exceptions": number(cells[3]),
        "overdue": number(cells[4]), "ends": cells[3].partition("|next on ")[2],
    }
    facts[where] = wanted
    if said != wanted:
        fail(f"{where}: says {said}, is {wanted}")
    if set(marks.split()) != {"env"} | {mark for mark, so in (
            ("is-broken", wanted["broken"]), ("is-overdue", wanted["overdue"]),
            ("is-soon", wanted["ends"]), ("is-changed", wanted["opens"])) if so}:
        fail(f"{where}: is marked {marks}")


def concern(customer):
    own = [facts[customer, e] for e in ENVIRONMENTS]
    return [-sum(bool(f[key]) for f in own) for key in ("broken", "overdue", "ends")]


wanted = sorted({c for c, _ in names}, key=lambda c: (concern(c), c))
said = list(dict.fromkeys(c[2:] for c, _, _ in page.rows))
if said != wanted:
    fail(f"customers in the order {said[:6]}, not {wanted[:6]}")
if len(page.rows) != len(names):
    fail(f"{len(page.rows)} rows of {len(names)}")
for row in csv.DictReader(open(f"{work}/fleet-bad/fleet.csv", newline="")):
    f = facts[row["customer"], row["environment"]]
    if (int(row["invariants_broken"]), int(row["reviews_overdue"])) != (f["broken"], f["overdue"]):
        fail(f"fleet.csv says otherwise: {row}")
for which in ("all", "broken", "overdue", "soon", "changed"):
    if f"show-{which}" not in page.ids:
        fail(f"there is no choice of {which}")
if subprocess.run([tool, "verify-bundle", f"{work}/fleet-bad"], capture_output=True).returncode != 0:
    fail("the bundle of a fleet does not verify")

print(f"fleet: {2 * len(names)} rows of the index")
sys.exit(bad)

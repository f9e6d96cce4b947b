// Pages in a real browser: axe-core finds nothing in light or dark, nothing is
// asked for or run, nothing is wider than a phone or than paper.  On the page FLEET
// the choices of environments are made, and what is seen is looked at.
//   FLEET=PAGE node look.mjs PAGE…     with PICTURES=DIR, pictures and PDFs go below DIR
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const looks = [
  { name: 'desktop', scheme: 'light', width: 1280, height: 900, axe: true },
  { name: 'dark', scheme: 'dark', width: 1280, height: 900, axe: true },
  { name: 'phone', scheme: 'light', width: 400, height: 860, axe: true },
  { name: 'phone-dark', scheme: 'dark', width: 400, height: 860 },
  // A4 less its margins, 96 to the inch
  { name: 'print', scheme: 'light', width: 688, height: 970, media: 'print' },
];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let faults = 0, seen = 0, judged = 0, chosen = 0;
const fail = (where, what) => { faults++; console.log(`${where}: ${what}`); };

// What sticks out of its page, apart from what scrolls in a frame of its own.
const widerThan = (selector) => {
  const found = [];
  for (const e of document.querySelectorAll(selector)) {
    const box = e.getBoundingClientRect();
    if (box.right > document.documentElement.clientWidth + 1)
      found.push(`${e.tagName} ${e.className} ends at ${Math.round(box.right)}: ${e.textContent.slice(0, 40)}`);
  }
  return found.slice(0, 5);
};

async function ask(page, where) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  for (const v of result.violations)
    fail(where, `axe ${v.id}: ${v.help} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 120)} ${v.nodes[0].failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`);
  if (result.passes.length < 10) fail(where, 'axe looked at nearly nothing');
  judged++;
}

// What a reader takes each choice of environments to show, by the words in its columns.
const promised = {
  'show-all': () => true,
  'show-broken': (row) => /broken/.test(row.Invariants),
  'show-drifted': (row) => /differs|not proved/.test(row['Running state']),
  'show-overdue': (row) => /[1-9]/.test(row['Reviews overdue'] ?? ''),
  'show-soon': (row) => /ends soon/.test(row.Exceptions),
  'show-changed': (row) => /[1-9]/.test(row['Changes'] ?? ''),
};

// The environments on the screen, and customers whose name is there, with their rows.
const onScreen = () => {
  const table = document.querySelector('#environments table');
  const heads = [...table.querySelectorAll('thead th')].map((h) => h.innerText);
  const shown = (e) => e.checkVisibility() && e.getBoundingClientRect().height > 0;
  const rows = [], names = [];

  for (const body of table.tBodies)
    for (const tr of body.rows) {
      if (!shown(tr)) continue;
      if (tr.className === 'who') names.push(body.id);
      else rows.push({ customer: body.id,
        ...Object.fromEntries([...tr.cells].map((cell, i) => [heads[i], cell.innerText])) });
    }
  return { rows, names };
};

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const customers = (rows) => [...new Set(rows.map((row) => row.customer))];

// Every choice, clicked and by keyboard: its rows and no other, and names of those alone.
async function choose(file, width, wanted) {
  const where = `${file}, choices at ${width}`;
  const page = await browser.newPage({ viewport: { width, height: 900 } });

  await page.goto(pathToFileURL(file).href);
  const all = (await page.evaluate(onScreen)).rows;
  const ids = await page.$$eval('.pick input', (some) => some.map((e) => e.id));
  if (!same(ids, wanted)) fail(where, `there are the choices ${ids}, not ${wanted}`);
  const check = async (id, how) => {
    const expected = all.filter(promised[id]);
    const { rows, names } = await page.evaluate(onScreen);
    const said = Number(await page.innerText(`label[for=${id}] b`));

    if (!same(rows, expected)) fail(where, `${id} by ${how} shows ${rows.length} rows, not the ${expected.length} that it says`);
    if (!same(names, customers(expected))) fail(where, `${id} by ${how} names ${names.length} customers of ${customers(expected).length}`);
    if (said !== expected.length) fail(where, `${id} announces ${said} of ${expected.length}`);
    if (id !== 'show-all' && (!expected.length || expected.length === all.length)) fail(where, `${id} tells nothing apart`);
    chosen++;
  };
  for (const id of ids) {
    await page.click(`label[for=${id}]`);
    await check(id, 'click');
  }
  await page.focus(`#${ids.at(-1)}`);
  for (const id of ids) {
    await page.keyboard.press('ArrowDown');
    await check(id, 'key');
  }
  // who was led to a customer sees its name, whatever is chosen
  const hidden = await page.$$eval('.one:not(.is-broken)', (some) => some[0].id);
  await page.click('label[for=show-broken]');
  await page.evaluate((id) => { location.hash = id; }, hidden);
  if (!(await page.evaluate(onScreen)).names.includes(hidden)) fail(where, `a link to ${hidden} leads to nothing that is seen`);
  await page.emulateMedia({ media: 'print' });
  if ((await page.evaluate(onScreen)).rows.length !== all.length) fail(where, 'paper has not every row');
  await page.close();
}

async function keep(page, file, look) {
  const out = `${process.env.PICTURES}/${dirname(file)}`;
  const name = `${basename(file, '.html')}-${look.name}`;

  mkdirSync(out, { recursive: true });
  await page.screenshot({ path: `${out}/${name}.png`, fullPage: true });
  if (look.media === 'print')
    await page.pdf({ path: `${out}/${name}.pdf`, preferCSSPageSize: true });
}

async function see(file, look) {
  const where = `${file}, ${look.name}`;
  const url = pathToFileURL(file).href;
  const page = await browser.newPage({ colorScheme: look.scheme,
    viewport: { width: look.width, height: look.height } });

  page.on('request', (r) => { if (r.url() !== url) fail(where, `asks for ${r.url()}`); });
  page.on('console', (m) => fail(where, `the console says ${m.text()}`));
  await page.goto(url);
  if (look.media) await page.emulateMedia({ media: look.media });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 1) fail(where, `the page is ${wide} pixels too wide`);
  if (look.media === 'print')
    for (const what of await page.evaluate(widerThan, 'table, svg, pre, td, th')) fail(where, what);
  if (look.axe) await ask(page, where);
  if (process.env.PICTURES) await keep(page, file, look);
  await page.close();
  seen++;
}

const files = process.argv.slice(2);
for (const file of files)
  for (const look of looks) await see(file, look);
// of a fleet in which each choice has rows of its own
const fleet = process.env.FLEET;
for (const width of [1280, 400]) await choose(fleet, width, Object.keys(promised));
await browser.close();
if (!judged) fail('axe', 'was asked about nothing');
console.log(`${files.length} pages in the browser: ${seen} looks, ${judged} of them by axe, ${chosen} choices, ${faults} faults`);
process.exit(faults ? 1 : 0);

// Pages in a real browser: axe-core finds nothing in light or dark, nothing is
// asked for or run, nothing is wider than a phone or than paper.
//   node look.mjs PAGE…     with PICTURES=DIR, pictures and PDFs go below DIR
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
let faults = 0, seen = 0, judged = 0;
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
await browser.close();
if (!judged) fail('axe', 'was asked about nothing');
console.log(`${files.length} pages in the browser: ${seen} looks, ${judged} of them by axe, ${faults} faults`);
process.exit(faults ? 1 : 0);

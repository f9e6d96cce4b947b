// The report in a real browser: axe-core finds nothing in light or dark, nothing
// is asked for or run, nothing is wider than a phone or than paper.
//   node look.mjs report.html DIR     pictures and a PDF go to DIR
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [file, out] = process.argv.slice(2);
const url = pathToFileURL(file).href;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let faults = 0, looks = 0;
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

async function look(name, scheme, width, height, media) {
  const page = await browser.newPage({ colorScheme: scheme, viewport: { width, height } });
  page.on('request', (r) => { if (r.url() !== url) fail(name, `asks for ${r.url()}`); });
  page.on('console', (m) => fail(name, `the console says ${m.text()}`));
  await page.goto(url);
  if (media) await page.emulateMedia({ media });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 1) fail(name, `the page is ${wide} pixels too wide`);
  if (media === 'print')
    for (const what of await page.evaluate(widerThan, 'table, svg, pre, td, th')) fail(name, what);
  await page.evaluate(axe);
  const result = await page.evaluate(() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  for (const v of result.violations)
    fail(name, `axe ${v.id}: ${v.help} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 120)} ${v.nodes[0].failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`);
  if (result.passes.length < 10) fail(name, 'axe looked at nearly nothing');
  await page.screenshot({ path: `${out}/${name}.png`, fullPage: true });
  if (media === 'print') await page.pdf({ path: `${out}/report.pdf`, preferCSSPageSize: true });
  await page.close();
  looks++;
}

await look('desktop', 'light', 1280, 900);
await look('dark', 'dark', 1280, 900);
await look('phone', 'light', 400, 860);
await look('phone-dark', 'dark', 400, 860);
await look('print', 'light', 688, 970, 'print');	// A4 less its margins, 96 to the inch
await browser.close();
console.log(`report in the browser: ${looks} looks, ${faults} faults`);
process.exit(faults ? 1 : 0);

// page.js FILE: shown by Chromium at the widths of a phone and of a desk, in the
// dark and in the light, with everything unfolded: nothing may stick out, no
// request may leave the file, no script may run. Run in the folder of the npm
// package playwright-core.
const load = require('module').createRequire(process.cwd() + '/');
const { chromium } = load('playwright-core');
const file = process.argv[2];
(async () => {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const sizes = [[390, 844, 'dark'], [1280, 900, 'light']];
  for (const [width, height, colorScheme] of sizes) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme,
    });
    const page = await context.newPage();
    const bad = [];
    page.on('request', (r) => r.url().startsWith('file:') || bad.push(r.url()));
    page.on('dialog', (d) => bad.push(d.message()) && d.dismiss());
    page.on('console', (m) => bad.push(m.text()));
    await page.goto('file://' + file);
    const seen = await page.evaluate(() => {
      document.querySelectorAll('details').forEach((d) => (d.open = true));
      const style = getComputedStyle(document.body);
      return {
        over: document.documentElement.scrollWidth - innerWidth,
        scripts: document.querySelectorAll('script,iframe,object,img').length,
        links: document.querySelectorAll('a').length,
        steps: document.querySelectorAll('details[id^=s]').length,
        colors: style.color + ' on ' + style.backgroundColor,
      };
    });
    if (seen.over > 0 || seen.scripts || seen.links || bad.length)
      throw new Error(JSON.stringify({ width, seen, bad }));
    console.log(width, colorScheme, seen.steps, seen.colors);
  }
  await browser.close();
})().catch((error) => {
  console.error(error.message);
  process.exit(1);
});

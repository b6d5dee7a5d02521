import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageAddress, SIDEBAR_PAGES } from '../../site/sidebar.ts';
import { type BrowserPage, startChromium } from '../support/chromium.ts';
import { PROJECT, TEST_HOME } from '../support/factory.ts';
import { type Site, serveSite } from './support/site.ts';

let home: string;
let site: Site;
let browser: BrowserPage;

beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'site-'));
  site = await serveSite(home);
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

test('every page has its place in the sidebar', async () => {
  const index = await readFile(join(PROJECT, 'docs/decisions/README.md'), 'utf8');
  const decisions = [...index.matchAll(/\((\d{4}-[^)]+\.md)\)/g)].map(([, name]) => `docs/decisions/${name}`);
  const listed = [...SIDEBAR_PAGES, ...decisions].map(pageAddress);
  expect(new Set(listed).size).toBe(listed.length);
  const built = [...site.pages.keys()].filter((path) => path !== '/404.html');
  expect(built.map((path) => path.replace(/index\.html$/, '')).sort()).toEqual([...listed].sort());
});

test('every link and anchor leads to a part of the site', () => {
  const anchors = new Map(
    [...site.pages].map(([path, html]) => [
      path,
      new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)),
    ]),
  );
  const broken = [...site.pages].flatMap(([path, html]) =>
    [...html.matchAll(/ (?:href|src)="([^"]+)"/g)].flatMap(([, link = '']) => {
      const { origin, pathname, hash } = new URL(link, `http://site${path}`);
      if (origin !== 'http://site') return [];
      const page = anchors.get(pathname.replace(/\/$/, '/index.html'));
      const isThere = hash === '' ? site.has(pathname) : page?.has(decodeURIComponent(hash.slice(1)));
      return isThere ? [] : [`${path}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

test('every page opens on a phone and on a desk, without errors, and asks no other server', async () => {
  const problems: string[] = [];
  for (const path of site.pages.keys()) {
    await browser.open(`${site.address}${path}`, { width: 1280 });
    for (const width of [1280, 360]) {
      await browser.view({ width });
      const wide = await browser.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (wide > 0) problems.push(`${path}: ${wide} pixels wider than ${width}`);
    }
    const foreign = browser.requests().filter((url) => !/^data:/.test(url) && !url.startsWith(site.address));
    problems.push(...[...foreign, ...browser.messages()].map((problem) => `${path}: ${problem}`));
  }
  expect(problems).toEqual([]);
});

test('every diagram has its text inside of its boxes, and fits a phone', async () => {
  const diagrams = join(PROJECT, 'docs/diagrams');
  const names = await readdir(diagrams);
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    await browser.open(`file://${join(diagrams, name)}`, { width: 360 });
    expect(await browser.evaluate(OUTSIDE), name).toEqual([]);
    expect(await browser.evaluate('document.documentElement.viewBox.baseVal.width'), name).toBe(380);
  }
});

test('the search finds a page, and opens it', async () => {
  await browser.open(`${site.address}/`, { width: 1280 });
  const results = await browser.evaluate<string[]>(SEARCH('statereset'));
  expect(results).toContainEqual(expect.stringMatching(/^\/docs\/node\.html/));
});

/** The texts that no rectangle holds: those at the start of an arrow need only the picture. */
const OUTSIDE = `(() => {
  const boxes = [...document.querySelectorAll('rect')].map((rect) => rect.getBBox());
  return [...document.querySelectorAll('text')].flatMap((text) => {
    const { x, y, width, height } = text.getBBox();
    const inside = boxes.filter((box) => x >= box.x + 2 && x + width <= box.x + box.width - 2 &&
      y >= box.y && y + height <= box.y + box.height);
    const needed = text.style.textAnchor === 'start' ? 1 : 2;
    return inside.length >= needed ? [] : [text.textContent];
  });
})()`;

/** Types into the search as a person would, and waits for the addresses that it finds. */
const SEARCH = (words: string) => `(async () => {
  const until = async (find) => {
    for (let tries = 0; tries < 200; tries++) {
      const found = find();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('nothing appeared');
  };
  const input = await until(() => {
    const found = document.querySelector('.VPLocalSearchBox input');
    // The button is there before the script that listens to it.
    if (!found) document.querySelector('.VPNavBarSearch button')?.click();
    return found;
  });
  input.value = ${JSON.stringify(words)};
  input.dispatchEvent(new Event('input'));
  await until(() => document.querySelector('.VPLocalSearchBox .result'));
  return [...document.querySelectorAll('.VPLocalSearchBox .result')].map((one) => one.getAttribute('href'));
})()`;

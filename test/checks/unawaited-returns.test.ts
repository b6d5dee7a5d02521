import { expect, test } from 'vitest';
import { promiseNames, unawaitedReturns } from '../support/structure/unawaited-returns.ts';
import { projectFiles } from './project-files.ts';

/** Methods that give a promise in one place, and a plain value where they are returned: `parse` of a zod schema. */
const PLAIN = ['parse'];

test('a promise is awaited where its return leaves a resource or a try', async () => {
  const sources = [...(await projectFiles())].filter(([path]) => /^(src|test|scripts)\/.*\.ts$/.test(path));
  expect(sources.length).toBeGreaterThan(600);
  const names = new Set(sources.flatMap(([path, text]) => promiseNames(path, text)));
  for (const name of PLAIN) names.delete(name);
  const found = sources.flatMap(([path, text]) =>
    unawaitedReturns(path, text, names).map((place) => `${path}:${place}`),
  );
  expect(found).toEqual([]);
});

const WORK = 'async function work() {}\n';

test.each([
  ['below a resource', 'async () => { await using x = open(); return work(); }'],
  [
    'below a resource of a surrounding block',
    'async () => { await using x = open(); if (a) return work(); }',
  ],
  ['in a choice', 'async () => { await using x = open(); return a ? 1 : work(); }'],
  ['after an optional call', 'async () => { await using x = open(); return b ?? x?.work?.(); }'],
  ['of a chain', 'async () => { using x = open(); return a.then(b); }'],
  ['of several promises', 'async () => { await using x = open(); return Promise.all([]); }'],
  ['in a try', 'async () => { try { return work(); } finally { close(); } }'],
  ['in a catch before a finally', 'async () => { try {} catch { return work(); } finally { close(); } }'],
  [
    'of a member by its type',
    'interface Port { work: () => Promise<void> }\nasync (p: Port) => { try { return p.work(); } catch {} }',
  ],
  [
    'of a parameter by its type',
    'async (use: () => Promise<void>) => { await using x = open(); return use(); }',
  ],
])('the check sees a promise %s', (_, code) => {
  const source = `${WORK}const f = ${code.replace(/^interface .*\n/, '')};\n${/^interface .*\n/.exec(code)?.[0] ?? ''}`;
  expect(unawaitedReturns('f.ts', source, new Set(promiseNames('f.ts', source)))).toHaveLength(1);
});

test.each([
  ['that is awaited', 'async () => { await using x = open(); return await work(); }'],
  ['above the resource', 'async () => { if (a) return work(); await using x = open(); }'],
  ['after the try', 'async () => { try { a(); } finally { b(); } return work(); }'],
  [
    'of a function inside',
    'async () => { await using x = open(); const g = () => { return work(); }; await g(); }',
  ],
  ['after the block of the resource', 'async () => { { await using x = open(); } return work(); }'],
  ['that is a plain value', 'async () => { await using x = open(); return x.map(String); }'],
])('the check accepts a promise %s', (_, code) => {
  const source = `${WORK}const f = ${code};\n`;
  expect(unawaitedReturns('f.ts', source, new Set(promiseNames('f.ts', source)))).toEqual([]);
});

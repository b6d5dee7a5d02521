import { expect, test } from 'vitest';
import { unnamedOptions } from '../support/structure/parameters.ts';
import { projectFiles } from './project-files.ts';

/** Files that keep positional parameters, and why. */
const ALLOWED: Readonly<Record<string, string>> = {
  'src/common/cloud-config/template/function.ts': 'mirrors the signatures of functions in Go',
};

test('functions take at most three parameters and no boolean; more become named options', async () => {
  const sources = [...(await projectFiles())].filter(([path]) => /^src\/.*\.ts$/.test(path));
  expect(sources.length).toBeGreaterThan(400);
  const found = new Map(
    sources
      .map(([path, text]) => [path, unnamedOptions(path, text)] as const)
      .filter(([, names]) => names.length > 0),
  );
  const unexpected = [...found].filter(([path]) => ALLOWED[path] === undefined);
  expect(unexpected.map(([path, names]) => `${path}: ${names.join(', ')}`)).toEqual([]);
  expect(Object.keys(ALLOWED).filter((path) => !found.has(path))).toEqual([]);
});

test.each([
  ['function f(a: string, b: string, c: string, d: string) {}', ['f']],
  ['function f(path: string, force: boolean) {}', ['f']],
  ['function f(path: string, force?: boolean) {}', ['f']],
  ['export function f(path: string, force = false) {}', ['f']],
  ['function f(path: string, { force }: { force: boolean }) {}', []],
  ['function f(a: string, b: string, c: string): boolean {}', []],
])('the check judges "%s"', (source, names) => expect(unnamedOptions('f.ts', source)).toEqual(names));

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAllFlavors, openFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { Flavor } from '../../../../../src/factory/catalog/flavors/schema.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { PROJECT } from '../../../../support/factory.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const page = readFileSync(join(PROJECT, 'docs/flavors.md'), 'utf8');
const support = readFileSync(join(PROJECT, 'docs/support.md'), 'utf8');

/** The cells of the rows of the table below a heading. */
function table(text: string, heading: string): string[][] {
  const [, section = ''] = text.split(`\n${heading}\n`);
  const rows = (section.split(/\n#+ /)[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('`', '')));
}

test('docs/flavors.md has every key of the schema, and no other', () => {
  const { services, repositories } = Flavor.shape;
  const nested: Readonly<Record<string, object>> = {
    services: services.shape,
    repositories: repositories.unwrap().shape,
  };
  const own = Object.keys(Flavor.shape).flatMap((key) => {
    const inner = nested[key];
    return inner === undefined ? [key] : Object.keys(inner).map((name) => `${key}.${name}`);
  });
  expect(table(page, '## Keys').map(([, key]) => key)).toEqual(expect.arrayContaining(own));
  expect(table(page, '## Keys')).toHaveLength(own.length + 1);
});

test('docs/flavors.md has every value that a key may have', () => {
  for (const [key, schema] of Object.entries(Flavor.shape)) {
    if (!('options' in schema) || key === 'os-release-id') continue;
    const row = table(page, '## Keys').find(([, name]) => name === key);
    expect([key, row?.[2]]).toEqual([key, (schema.options as string[]).join(', ')]);
  }
});

test('the example of docs/flavors.md is a flavor', async () => {
  const example = /```yaml\n(extends: families\/debian\n.*?)```/s.exec(page)?.[1] ?? '';
  const home = plant(temporaryDirectory(), { 'example.yaml': example });
  const { flavor } = await openFlavor(FLAVORS, join(home, 'example.yaml'));
  expect([flavor.name, flavor.packages['ssh']]).toEqual(['example', ['dropbear']]);
});

test('docs/support.md has every flavor with its releases', async () => {
  const rows = new Map(table(support, '## Flavors').map(([, name = '', releases = '']) => [name, releases]));
  const flavors = await openAllFlavors(FLAVORS);
  const actual = flavors.map(({ flavor }) => [flavor.name, Object.keys(flavor.releases)] as const);
  expect([...rows.keys()].sort()).toEqual(actual.map(([name]) => name).sort());
  for (const [name, releases] of actual)
    expect([name, rows.get(name)?.split(', ').sort()]).toEqual([name, [...releases].sort()]);
});

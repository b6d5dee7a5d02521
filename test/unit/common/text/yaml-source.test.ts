import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseYaml, readYaml } from '../../../../src/common/text/yaml-source.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const TEXT = `# a comment
disk:
  oem: 64
  parts:
    - name: one
    - name: two
`;

describe('parseYaml', () => {
  test('returns the data', () => {
    expect(parseYaml('f.yaml', TEXT).data).toEqual({
      disk: { oem: 64, parts: [{ name: 'one' }, { name: 'two' }] },
    });
    expect(parseYaml('f.yaml', '').data).toBeNull();
  });

  test.each([
    [['disk'], '2:1'],
    [['disk', 'oem'], '3:3'],
    [['disk', 'parts', 1], '6:7'],
    [['disk', 'parts', 1, 'name'], '6:7'],
  ])('locates %j at its key or item', (path, place) => {
    expect(parseYaml('f.yaml', TEXT).locate(path)).toBe(`f.yaml:${place}`);
  });

  test('locates a missing value at its nearest ancestor', () => {
    const source = parseYaml('f.yaml', TEXT);
    expect(source.locate(['disk', 'persistent'])).toBe('f.yaml:2:1');
    expect(parseYaml('f.yaml', '').locate(['disk'])).toBe('f.yaml:1:1');
  });

  test('reports whether the file has a value', () => {
    const source = parseYaml('f.yaml', TEXT);
    expect(source.has(['disk', 'oem'])).toBe(true);
    expect(source.has(['disk', 'persistent'])).toBe(false);
    expect(source.has(['disk', 'oem', 'deeper'])).toBe(false);
  });

  test.each([
    ['an open bracket', 'a: 1\nb: [1, 2\n', /^f\.yaml:[23]:\d+: /],
    ['a tab', 'a:\n\tb: 1\n', /^f\.yaml:2:1: Tabs/],
    ['a key that comes twice', 'a: 1\nb: 2\na: 3\n', /^f\.yaml:3:1: duplicate key "a"/],
    [
      'an alias inside its own anchor',
      'a: &a [*a]\n',
      /^f\.yaml:1:8: the value of the anchor "a" contains itself/,
    ],
    ['maps as keys, which took seconds', `x:\n${'? '.repeat(500)}\n`, /^f\.yaml:2:3: a map or a list cannot/],
    ['a second document', 'a: 1\n---\nb: 2\n', /^f\.yaml:2:1: /],
  ])('refuses %s with its location', async (_, text, message) => {
    const error = await failureOf(() => parseYaml('f.yaml', text));
    expect([error.kind, error.message]).toEqual(['usage', expect.stringMatching(message)]);
    expect(error.remedy).toBeDefined();
  });
});

describe('readYaml', () => {
  test('reads a file', async () => {
    const file = join(plant(temporaryDirectory(), { 'f.yaml': 'a: 1' }), 'f.yaml');
    const source = await readYaml(file);
    expect([source.name, source.data]).toEqual([file, { a: 1 }]);
  });

  test.each(['missing.yaml', '.'])('refuses %s with its path', async (name) => {
    const file = join(temporaryDirectory(), name);
    const error = await failureOf(() => readYaml(file));
    expect([error.kind, error.message]).toEqual([
      'usage',
      expect.stringContaining(`${file}: cannot be read`),
    ]);
  });
});

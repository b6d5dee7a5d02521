import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseCloudConfig } from '../../../../src/common/cloud-config/parse.ts';
import { renderYaml } from '../../../../src/common/cloud-config/render.ts';

const readBack = (data: unknown) => parseCloudConfig('f', `#cloud-config\n${renderYaml(data)}`).data;

/** Text that one of the readers of YAML takes for something else when it is not quoted. */
const AWKWARD = [
  '1_000',
  '0b101',
  '0_7',
  '0644',
  '0o17',
  '0x1F',
  '1e400',
  '1e3',
  '.inf',
  '.5',
  '5.',
  '+7',
  '-0',
].concat(
  [
    'yes',
    'No',
    'on',
    'y',
    'N',
    'true',
    'null',
    '~',
    '',
    '12:30:00',
    '190:20:30',
    '2001-01-01',
    '<<',
    '=',
    '---',
    '...',
  ],
  [
    '{{ .Random }}',
    '{',
    '#',
    '# x',
    'a: b',
    'a #b',
    '- a',
    '? a',
    '*a',
    '&a',
    '!a',
    '%a',
    '@a',
    '`a',
    '"',
    "'",
    '\t',
  ],
  [
    ' a',
    'a ',
    'a\n',
    '\na',
    'a\n\n',
    'a\n b\n',
    'a\r\n',
    '\u0085',
    '\u2028',
    '\uFEFF',
    '\0',
    '#cloud-config',
    'é',
  ],
);

describe('renderYaml', () => {
  test.each(AWKWARD)('%j is read back as text, also as a key', (text) => {
    // As a key, `<<` merges, quoted or not.
    const key = text === '<<' ? 'key' : text;
    const data = { k3s: { env: { A: text } }, options: { [`k${text}`]: [text], [key]: { deep: text } } };
    expect(readBack(data)).toEqual(data);
    expect(parse(renderYaml(data), { version: '1.1', merge: false })).toEqual(data);
  });

  test('negative zero is read back as 0, as Go reads it', () => {
    const data = { options: { a: -0, b: [-0] } };
    expect(readBack(data)).toStrictEqual({ options: { a: 0, b: [0] } });
  });

  test('any data is read back as the same', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...AWKWARD));
    // An integer beyond the safe ones is read as text.
    const double = fc.double({ noNaN: true }).filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n));
    const scalar = fc.oneof(text, fc.maxSafeInteger(), double, fc.boolean(), fc.constant(null));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(
          text.filter((key) => key !== '<<'),
          tie('tree'),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(readBack({ options: { value } })).toEqual({ options: { value: plain(value) } });
      }),
      { numRuns: 300 },
    );
  });
});

/** The same data, with 0 for each negative zero. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return Object.is(value, -0) ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

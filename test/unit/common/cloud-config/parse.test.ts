import { describe, expect, test } from 'vitest';
import {
  looksLikeCloudConfig,
  parseCloudConfig,
  parseConfig,
} from '../../../../src/common/cloud-config/parse.ts';
import { failureOf } from '../../support/failure.ts';

const parse = (body: string) => parseCloudConfig('f.yaml', `#cloud-config\n${body}`);
const failure = (body: string) => failureOf(() => parse(body));

describe('the header', () => {
  test.each(['#cloud-config', '#kairos-config', '#node-config'])('%s', (header) => {
    expect(parseCloudConfig('f', `# a\n\n${header}  \r\na: 1\n`)).toMatchObject({ header, data: { a: 1 } });
  });

  test('must be in the first ten lines', () => {
    expect(looksLikeCloudConfig(`${'#\n'.repeat(9)}#cloud-config\n`)).toBe(true);
    expect(looksLikeCloudConfig(`${'#\n'.repeat(10)}#cloud-config\n`)).toBe(false);
  });

  test.each(['', 'a: 1\n', '# cloud-config\n', '#cloud-configs\n', 'a: "#cloud-config"\n'])(
    'is missing in %j',
    async (text) => {
      expect(looksLikeCloudConfig(text)).toBe(false);
      const error = await failureOf(() => parseCloudConfig('f', text));
      expect(error).toMatchObject({
        kind: 'usage',
        message: expect.stringMatching(/^f:1:1: none of the first ten lines/),
      });
      expect(error.remedy).toBeDefined();
    },
  );

  test('may follow a byte order mark', () => {
    expect(parseCloudConfig('f', '\uFEFF#cloud-config\na: 1\n').data).toEqual({ a: 1 });
  });
});

describe('scalars are read as by upstream', () => {
  test.each([
    ['0644', 0o644],
    ['-0644', -0o644],
    ['0o644', 0o644],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['089', 89],
    ['0', 0],
    ['00', 0],
    ['+7', 7],
    ['1.5', 1.5],
    ['12345678901234567890', '12345678901234567890'],
    ['1e400', '1e400'],
    ['.inf', Number.POSITIVE_INFINITY],
    ['"0644"', '0644'],
    ['yes', 'yes'],
    ['no', 'no'],
    ['on', 'on'],
    ['Off', 'Off'],
    ['true', true],
    ['~', null],
    ['12:30:00', '12:30:00'],
    ['2001-01-01', '2001-01-01'],
    ['10.0.0.1', '10.0.0.1'],
    ['v1.2.3', 'v1.2.3'],
    ['!!binary aGVsbG8=', 'hello'],
  ])('%s', (text, value) => {
    expect(parse(`a: ${text}\n`).data).toEqual({ a: value });
  });
});

describe('structure', () => {
  test.each(['', '---\n', '# nothing\n', '~\n'])('an empty document is an empty map: %j', (body) => {
    expect(parse(body).data).toEqual({});
  });

  test('resolves merge keys and aliases', () => {
    const { data } = parse('base: &b {x: 1, y: 1}\nm:\n  <<: *b\n  y: 2\nn:\n  <<: [*b, {z: 3}]\n');
    expect(data).toMatchObject({ m: { x: 1, y: 2 }, n: { x: 1, y: 1, z: 3 } });
  });

  test('accepts a key named __proto__', () => {
    const { data } = parse('__proto__: {polluted: true}\n');
    expect(Object.hasOwn(data, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test.each([
    ['a: 1\nb: 2\na: 3\n', '4:1: duplicate key "a"'],
    ['a: {b: 1, b: 2}\n', '2:11: duplicate key "b"'],
    ['a: [1\nb: 2\n', '3:1:'],
    ['a: 1\n\tb: 2\n', '3:1: Tabs'],
    ['- a\n', '2:1: a cloud-config must be a map'],
    ['text\n', '2:1: a cloud-config must be a map'],
    ['hostname: {{ .Random }}\n', '2:12: a map or a list cannot be a key'],
    ['a: 1\nb: *x\n', '3:4: alias to an undefined anchor "x"'],
    ['a: [\n---\nb: 2\n', '3:1:'],
    ['a: *x\nb: &x 1\n', '2:4: alias to an undefined anchor "x"'],
    ['a: &a [*a]\n', '2:8: the value of the anchor "a" contains itself'],
    ['a: &a {b: {c: *a}}\n', '2:15: the value of the anchor "a" contains itself'],
    ['a: &a\n  <<: *a\n', '3:7: the value of the anchor "a" contains itself'],
    ['--- &file\n<<: *file\n', '3:5: the value of the anchor "file" contains itself'],
    ['a: &a [&a 1, *a, {x: &b [*a, *b]}]\n', '2:30: the value of the anchor "b" contains itself'],
    [`x:\n${'? '.repeat(500)}\n`, '3:3: a map or a list cannot be a key'],
  ])('%j', async (body, message) => {
    const error = await failure(body);
    expect(error.kind).toBe('usage');
    expect(error.message).toContain(`f.yaml:${message}`);
    expect(error.remedy).toBeDefined();
  });

  test.each(['a: 1\n---\nb: 2\n', 'a: 1\n---\n- [\n', 'a: 1\n--- text\n--- more\n'])(
    'of several documents, the first one counts: %j',
    (body) => {
      expect(parse(body)).toMatchObject({ data: { a: 1 }, second: expect.stringMatching(/^f\.yaml:[34]:/) });
    },
  );

  test.each(['a: 1\n---\n', 'a: 1\n...\n', 'a: 1\n---\n# end\n'])(
    'an empty second document is none: %j',
    (body) => {
      expect(parse(body).data).toEqual({ a: 1 });
      expect(parse(body).second).toBeUndefined();
    },
  );

  test('refuses aliases that expand without bound', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, n) => `l${n + 1}: &l${n + 1} [${Array(10).fill(`*l${n}`).join(',')}]\n`,
    );
    const error = await failure(`l0: &l0 [1]\n${levels.join('')}`);
    expect(error).toMatchObject({ kind: 'usage', message: expect.stringContaining('f.yaml:') });
  });

  test.each([
    [Buffer.from('a: 1\nb: gr\xfc\xdfe\n', 'latin1'), 'x.yaml:2:6: this is not UTF-8 text'],
    [Buffer.from('\ufeffa: 1\n', 'utf16le'), 'x.yaml:1:1: this is not UTF-8 text'],
    [Buffer.from('a: "\x07"\n'), 'x.yaml:1:5: the control character U+0007 is not allowed'],
    [Buffer.from('a: !!binary /+kA\n'), 'x.yaml:1:4: !!binary is not UTF-8 text here'],
  ])('refuses what is not text, case %#', (bytes, message) => {
    expect(() => parseConfig('x.yaml', bytes.toString('utf8'))).toThrow(message);
  });

  test('refuses more than 1 MiB', async () => {
    expect((await failure(`#${'x'.repeat(1024 * 1024)}\n`)).message).toContain('larger than 1 MiB');
  });
});

describe('locations', () => {
  const document = parse(
    'base: &b\n  x: 1\nm:\n  <<: *b\n  y: 2\nlist:\n  - q: 1\n  - r: 2\nalias: *b\nflow: {a: [1, {b: 2}]}\n',
  );

  test.each([
    [['m'], '4:1'],
    [['m', 'y'], '6:3'],
    [['m', 'x'], '3:3'],
    [['alias', 'x'], '3:3'],
    [['list', 1], '9:5'],
    [['list', 1, 'r'], '9:5'],
    [['list', 7, 'r'], '7:1'],
    [['flow', 'a', 1, 'b'], '11:16'],
    [['m', 'missing', 'deeper'], '4:1'],
    [['missing'], '2:1'],
    [[], '2:1'],
  ])('%j', (path, place) => {
    expect(document.locate(path)).toBe(`f.yaml:${place}`);
  });
});

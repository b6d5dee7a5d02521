import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TEMPLATE_FUNCTIONS } from '../../../../../src/common/cloud-config/template/functions.ts';
import { expandTemplate } from '../../../../../src/common/cloud-config/template/template.ts';

const expand = (text: string, data: unknown = {}) => expandTemplate(text, data);

test('text without an action is unchanged', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('{{')),
      (text) => expand(text) === text,
    ),
  );
});

test('text around an action is unchanged, and data is never expanded', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !/\{/.test(text)),
      fc.string(),
      (text, value) => expand(`${text}{{ .x }}${text}`, { x: value }) === text + value + text,
    ),
  );
});

test('quoted text survives a round trip', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      (x) => expand(`{{ ${expand('{{ quote .x }}', { x })} }}`) === x,
    ),
  );
});

test('any template either expands or fails with an error', () => {
  const piece = fc.constantFrom(
    ...[
      '{{',
      '}}',
      '{{-',
      '-}}',
      ' ',
      '.a',
      '$',
      '$x',
      ':=',
      '=',
      '|',
      '(',
      ')',
      '"s"',
      '1',
      'nil',
      'if',
      'else',
    ],
    ...[
      'end',
      'range',
      'with',
      'define',
      'template',
      'break',
      'print',
      'eq',
      ',',
      '.',
      '\n',
      'text',
      '/*',
      '*/',
      "'",
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        expand(pieces.join(''), { a: ['x'] });
      } catch (error) {
        expect(error).toMatchObject({ name: 'FactoryError', kind: 'usage' });
        expect(String(error)).toMatch(/template: \d+:\d+: /);
      }
    }),
    { numRuns: 2000 },
  );
});

describe('errors have a line and a column', () => {
  test.each([
    ['a\n  {{ getNothing }}', '2:6: function "getNothing" is not supported'],
    ['{{ uper .a }}', '1:4: function "uper" is not supported (did you mean "upper"?)'],
    ['{{ if .x }}{{ uper .x }}{{ end }}', '1:15: function "uper" is not supported (did you mean "upper"?)'],
    ['é\n\u{1f600}{{ $x }}', '2:5: undefined variable "$x"'],
    ['x\n\n{{ .n.x }}', '3:4: nil has no field .x'],
    ['{{ .s.x }}', '1:4: a value of type string has no field .x'],
    ['a\n{{ fail "no way" }}', '2:4: fail: no way'],
    ['{{ required "a name is missing" .x }}', '1:4: required: a name is missing'],
    ['{{ upper 5 }}', '1:4: upper: expected a string, got int'],
    ['{{ .s | trunc "x" }}', '1:9: trunc: expected a whole number, got string'],
    ['{{ upper "a" "b" }}', '1:4: upper: wrong number of arguments: want 1, got 2'],
    ['{{ eq 1 }}', '1:4: eq: wrong number of arguments: want at least 2, got 1'],
    ['{{ b64dec "a" }}', '1:4: b64dec: the text is not Base64'],
    [
      '{{ regexMatch "(" "a" }}',
      '1:4: regexMatch: "(" is not a regular expression of Go (error parsing regexp: missing closing ): `(`)',
    ],
    [
      '{{ regexMatch "a(?=b)" "a" }}',
      '1:4: regexMatch: "a(?=b)" is not a regular expression of Go (error parsing regexp: invalid or unsupported Perl syntax: `(?=`)',
    ],
    ['{{ semverCompare "new" "1.0" }}', '1:4: semverCompare: "new" is not a version range'],
    ['text {{ if .a }}\n', '1:9: {{if}} has no {{end}}'],
    ['{{ define "a" }}{{ else }}{{ end }}', '1:20: unexpected {{else}} in {{define}}'],
    ['{{ if .a }}{{ else }}{{ else }}{{ end }}', '1:25: expected {{end}}, found {{else}}'],
    ['x {{ end }}', '1:6: unexpected {{end}}: no block is open'],
    [
      '{{ range 3 }}{{ define "a" }}{{ break }}{{ end }}{{ end }}',
      '1:17: unexpected {{define}} inside a block',
    ],
    ['{{ break }}', '1:4: {{break}} outside of {{range}}'],
    ['{{ define "a" }}1{{ end }}\n{{ define "a" }}2{{ end }}', '2:4: template "a" is defined twice'],
    ['{{ template "a" }}', '1:4: template "a" is not defined'],
    ['a {{ .a', '1:3: the action is not closed with }}'],
    ['a {{ "x }}', '1:6: the string is not closed'],
    ['{{/* x }}', '1:1: the comment is not closed'],
    ['{{/* x */ . }}', '1:10: a comment must end immediately before the closing }}'],
    ['{{ (.a }}', '1:8: unclosed left parenthesis'],
    ['{{ .a ? }}', '1:7: unexpected "?" in an action'],
  ])('%j', (template, message) => {
    expect(() => expand(template, { s: 'text', n: null })).toThrow(
      expect.objectContaining({ kind: 'usage', message: `template: ${message}`, remedy: expect.any(String) }),
    );
  });
});

describe('an untrusted template', () => {
  test.each([
    [
      'reaches no prototype',
      '{{ .constructor }}{{ .a.__proto__ }}{{ index .a "toString" }}{{ .l }}',
      '<no value><no value><no value>[1]',
    ],
    [
      'sets no prototype',
      '{{ $_ := set .a "__proto__" (dict "x" 1) }}{{ .x }}{{ dict.x }}',
      '<no value><no value>',
    ],
    [
      'keeps a key of that name',
      '{{ toJson (fromJson "{\\"__proto__\\":{\\"x\\":1}}") }}',
      '{"__proto__":{"x":1}}',
    ],
  ])('%s', (_, template, printed) => {
    expect(expand(template, { a: {}, l: [1] })).toBe(printed);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test.each([
    ['{{ repeat 1000000000 "x" }}', 'produces more than 10 MiB'],
    ['{{ until 100000000 }}', 'produces more than 10 MiB'],
    ['{{ indent 100000000 "x" }}', 'produces more than 10 MiB'],
    ['{{ randAlpha 100000000 }}', 'produces more than 10 MiB'],
    ['{{ $x := "aaaa" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}', 'produces more than 10 MiB'],
    ['{{ $x := repeat 1000000 "a" }}{{ range 100 }}{{ $x }}{{ end }}', 'produces more than 10 MiB'],
    ['{{ $l := list 1 }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ $l }}', 'does not terminate'],
    ['{{ $l := list 1 }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}', 'does not terminate'],
    ['{{ range 1000000000 }}{{ end }}', 'does not terminate'],
    ['{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}', 'more than 100 deep'],
    ['{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}', 'more than 100 deep'],
    [`{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`, 'more than 100 deep'],
    ['{{ if 1 }}'.repeat(5000), 'more than 100 deep'],
    ['{{ printf "%999999999d" 1 }}', 'too large'],
  ])('%.60j is stopped', (template, message) => {
    expect(() => expand(template)).toThrow(message);
  });

  test('cannot change the data', () => {
    const data = { a: { b: 1 }, l: ['x'] };
    expect(expand('{{ $_ := set .a "b" 2 }}{{ .a.b }}{{ $_ := merge . (dict "c" 3) }}{{ .c }}', data)).toBe(
      '23',
    );
    expect(data).toEqual({ a: { b: 1 }, l: ['x'] });
  });
});

describe('differences from Go', () => {
  test.each([
    ['{{ eq 1 1.0 }}', 'true'],
    ['{{ trunc 2 "éèà" }}', 'éè'],
    ['{{ trunc -1 "a\u{1f600}" }}', '\u{1f600}'],
    ['{{ md5sum "a" }}', '0cc175b9c0f1b6a831c399e269772661'],
    ['{{ toYaml (dict "b" (list 1 "x") "a" (dict "c" true)) }}', 'a:\n  c: true\nb:\n- 1\n- x'],
    ['{{ (fromYaml "a:\\n  b: [0644, yes]").a.b }}', '[420 yes]'],
    ['{{ required "needed" "x" }}', 'x'],
    ['{{ keys (dict "b" 1 "a" 2) (dict "c" 3) }}', '[a b c]'],
    ['{{ fromJson "{" }}', '<no value>'],
    ['{{ date "2006-01-02 15:04:05.000 MST" .time }}', '2026-01-02 03:04:05.600 UTC'],
    [
      '{{ date "Monday, 2 January 06 3:4:5 pm -07:00 002" .time }}',
      'Friday, 2 January 26 3:4:5 am +00:00 002',
    ],
    ['{{ .time }} {{ unixEpoch .time }}', '2026-01-02 03:04:05.6 +0000 UTC 1767323045'],
  ])('%j', (template, printed) => {
    expect(expand(template, { time: new Date('2026-01-02T03:04:05.600Z') })).toBe(printed);
  });

  test('the caller provides the environment and the time', () => {
    const options = { env: { HOME: '/root' }, now: () => new Date(0) };
    const text =
      '{{ env "HOME" }} [{{ env "toString" }}] {{ expandenv "$HOME/${HOME}$X" }} {{ now | date "2006" }}';
    expect(expandTemplate(text, {}, options)).toBe('/root [] /root//root 1970');
  });

  test.each([
    ['{{ randAlphaNum 12 }}', /^[A-Za-z0-9]{12}$/],
    ['{{ randAlpha 12 }}', /^[A-Za-z]{12}$/],
    ['{{ randNumeric 12 }}', /^\d{12}$/],
    ['{{ randInt 5 7 }}', /^[56]$/],
    ['{{ uuidv4 }}', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
  ])('%j is random', (template, pattern) => {
    expect(expand(template)).toMatch(pattern);
    expect(expand('{{ randAlphaNum 20 }}')).not.toBe(expand('{{ randAlphaNum 20 }}'));
  });

  test('function names are unique, and all have a description', () => {
    const names = TEMPLATE_FUNCTIONS.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].sort());
    expect(TEMPLATE_FUNCTIONS.filter(({ description }) => !/^\S.{3,}[^.]$/.test(description))).toEqual([]);
  });
});

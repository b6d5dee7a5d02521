import { describe, expect, test } from 'vitest';
import { fromDotted } from '../../../../src/common/cloud-config/merge.ts';
import { parseCloudConfig } from '../../../../src/common/cloud-config/parse.ts';
import { stagesOf } from '../../../../src/common/cloud-config/stages.ts';
import { renderFinding, validateCloudConfig } from '../../../../src/common/cloud-config/validate.ts';

const parse = (body: string) => parseCloudConfig('f', `#cloud-config\n${body}\n`);

/** As Go's yaml.v3 reads them into a field of type string: seen with gopkg.in/yaml.v3 3.0.1. */
const TEXTS = [
  '022',
  '012345',
  '007',
  '1.30',
  '12345678901234567890',
  '1e400',
  '1_000',
  '0b101',
  '0x1F',
  '0o17',
  '+7',
  '-0',
  '.5',
  '5.',
  '1e3',
  '.inf',
  '.NaN',
  'true',
  'True',
  'no',
  'on',
  '12:30:00',
  '2001-01-01',
];

describe('where text is expected, what is typed is kept', () => {
  test.each(TEXTS)('%s', (text) => {
    const document = parse(
      [
        `hostname: ${text}`,
        `users: [{name: ${text}, passwd: ${text}, uid: ${text}, groups: [${text}]}]`,
        `k3s: {args: [${text}], env: {A: ${text}}}`,
        'anchors: &step',
        `  environment: {${text}: ${text}}`,
        `  sysctl: {a.b: ${text}}`,
        `  files: [{path: /a, content: ${text}}]`,
        `stages: {demo: [{<<: *step, commands: [${text}, ${text}]}, *step]}`,
      ].join('\n'),
    );
    expect(document.data).toMatchObject({
      hostname: text,
      users: [{ name: text, passwd: text, uid: text, groups: [text] }],
      k3s: { args: [text], env: { A: text } },
    });
    const own = {
      environment: { [text]: text },
      sysctl: { 'a.b': text },
      files: [{ path: '/a', content: text }],
    };
    expect(stagesOf(document)['demo']).toEqual([{ ...own, commands: [text, text] }, own]);
  });

  test('on the kernel command line, too', () => {
    const assignments = [
      'users.0.passwd=012345',
      'install.auto=yes',
      'install.partitions.oem.size=0100',
      'x.y=0100',
    ];
    expect(fromDotted(assignments)).toEqual({
      users: [{ passwd: '012345' }],
      install: { auto: true, partitions: { oem: { size: 64 } } },
      x: { y: 64 },
    });
  });

  test('validation asks for quotes, and finds no error', () => {
    const found = validateCloudConfig(
      parse('users: [{name: a, groups: [admin], passwd: 012345}]\nk3s: {env: {A: 1}}'),
    );
    expect(found.map(renderFinding)).toEqual([
      'f:2:36: warning: users.0.passwd: 012345 is read as text; put it in quotes',
      expect.stringContaining('users.0.passwd: the password is in clear text'),
    ]);
  });
});

describe('where a truth value is expected, the words of YAML 1.1 are accepted', () => {
  test.each([
    ['yes', true],
    ['Yes', true],
    ['YES', true],
    ['y', true],
    ['on', true],
    ['"yes"', true],
    ['no', false],
    ['n', false],
    ['Off', false],
    ['true', true],
    ['false', false],
    ['"true"', 'true'],
    ['maybe', 'maybe'],
    ['1', 1],
  ])('%s', (text, value) => {
    const { data } = parse(`install: {auto: ${text}}\nusers: [{name: a, lock_passwd: ${text}}]`);
    expect(data).toEqual({ install: { auto: value }, users: [{ name: 'a', lock_passwd: value }] });
  });
});

test('modes and numbers stay numbers', () => {
  const { data } = parse(
    'stages: {demo: [{files: [{path: /a, permissions: 0644}]}]}\ninstall: {partitions: {oem: {size: 64}}}\noptions: {a: 022}',
  );
  expect(data).toEqual({
    stages: { demo: [{ files: [{ path: '/a', permissions: 0o644 }] }] },
    install: { partitions: { oem: { size: 64 } } },
    options: { a: 18 },
  });
});

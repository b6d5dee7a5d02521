import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCloudConfig } from '../../../../src/common/cloud-config/parse.ts';
import { stagesOf } from '../../../../src/common/cloud-config/stages.ts';
import {
  examineCloudConfig,
  type Finding,
  renderFinding,
  validateCloudConfig,
} from '../../../../src/common/cloud-config/validate.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/cloud-config');

function fixtures(kind: 'good' | 'bad' | 'upstream'): { name: string; text: string }[] {
  return readdirSync(join(FIXTURES, kind)).map((name) => ({
    name,
    text: readFileSync(join(FIXTURES, kind, name), 'utf8'),
  }));
}

const findings = (body: string, strict = false) =>
  validateCloudConfig(parseCloudConfig('f', `#cloud-config\n${body}`), { strict }).map(renderFinding);

/** Examples have short keys and clear passwords, which login-problems.test.ts is about. */
const withoutLogins = (found: readonly Finding[]) =>
  found.filter(({ message }) => !/clear text|neither a password nor|SSH key/.test(message));

describe('valid configurations', () => {
  test('has at least 20 fixtures', () => expect(fixtures('good').length).toBeGreaterThanOrEqual(20));

  test.each(fixtures('good'))('$name', ({ name, text }) => {
    expect(withoutLogins(examineCloudConfig(name, text, { strict: true }))).toEqual([]);
    expect(() => stagesOf(parseCloudConfig(name, text))).not.toThrow();
  });
});

describe('configurations for the agent of upstream Kairos', () => {
  test.each(fixtures('upstream'))('$name', ({ name, text }) => {
    const findings = withoutLogins(examineCloudConfig(name, text));
    expect(findings).not.toEqual([]);
    expect(
      findings.map(renderFinding).filter((line) => !/is not supported: .*; |stage ".*" of up/.test(line)),
    ).toEqual([]);
    const options = { strict: true, unsupported: 'ignore' } as const;
    expect(withoutLogins(examineCloudConfig(name, text, options))).toEqual([]);
    const warned = withoutLogins(examineCloudConfig(name, text, { unsupported: 'warn' }));
    expect(warned.map(({ message }) => message).sort()).toEqual(
      findings.map(({ message }) => message).sort(),
    );
    expect(warned.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

describe('invalid configurations', () => {
  test('has at least 20 fixtures', () => expect(fixtures('bad').length).toBeGreaterThanOrEqual(20));

  test.each(fixtures('bad'))('$name', ({ name, text }) => {
    const [, line, message] = /# expect: (\d+): (.*)\n$/.exec(text) ?? [];
    const errors = examineCloudConfig(name, text).filter(({ severity }) => severity === 'error');
    expect(errors.map(renderFinding)).toContainEqual(expect.stringMatching(`^${name}:${line}:\\d+: error: `));
    expect(errors.map(renderFinding).join('\n')).toContain(message);
    expect(errors.find((error) => error.message.includes(message ?? ''))?.place).toMatch(`${name}:${line}:`);
  });
});

describe('warnings', () => {
  test.each([
    ['k3s:\n  enable: true\n', 'f:3:3: warning: unknown key "enable" (did you mean "enabled"?)'],
    ['hostnme: a\n', 'f:2:1: warning: unknown key "hostnme" (did you mean "hostname"?)'],
    ['entirely_new: a\n', 'f:2:1: warning: unknown key "entirely_new"'],
    [
      'stages:\n  boot:\n    - command: [a]\n',
      'f:4:7: warning: unknown key "command" (did you mean "commands"?)',
    ],
    ['users:\n  - name: a\n    group: [b]\n', 'f:4:5: warning: unknown key "group" (did you mean "groups"?)'],
    ['users:\n  a:\n    group: [b]\n', 'f:4:5: warning: unknown key "group" (did you mean "groups"?)'],
    [
      'install:\n  nousers: true\n  partitions: {oem: {sise: 1}}\n',
      'f:4:22: warning: unknown key "sise" (did you mean "size"?)',
    ],
    ['stages:\n  bot: []\n', 'f:3:3: warning: nothing runs a stage "bot" (did you mean "boot"?)'],
    [
      'stages:\n  kairos-uki-install.pre.before: []\n',
      'f:3:3: warning: this agent does not run the stage "kairos-uki-install.pre.before" of upstream Kairos',
    ],
    [
      'stages:\n  network.befor: []\n',
      'f:3:3: warning: nothing runs a stage "network.befor" (did you mean "network.before"?)',
    ],
    ['stages:\n  boot.before.before: []\n', 'f:3:3: warning: nothing runs a stage "boot.before.before"'],
    ['__proto__: 1\n', 'f:2:1: warning: unknown key "__proto__"'],
    ['constructor: 1\n', 'f:2:1: warning: unknown key "constructor"'],
  ])('%j', (body, warning) => {
    expect(findings(body)).toEqual([warning]);
    expect(findings(body, true)).toEqual([warning.replace('warning', 'error')]);
  });

  test('free maps accept any key', () => {
    expect(findings('options: {a: {b: 1}}\nk3s: {env: {ANY: 1}}\n')).toEqual([]);
  });
});

test('findings are in line order', () => {
  expect(findings('typo: 1\neject-cd: 5\nstages:\n  nowhere: []\ninstall: {}\n')).toEqual([
    'f:2:1: warning: unknown key "typo"',
    'f:3:1: error: eject-cd: expected true or false, found 5',
    'f:5:3: warning: nothing runs a stage "nowhere"',
    'f:6:1: error: an installation needs a user in the group admin; add one, or set install.nousers: true',
  ]);
});

test('messages truncate long values', () => {
  expect(findings(`eject-cd: ${'x'.repeat(500)}\n`).join().length).toBeLessThan(130);
});

describe('validation of hostile input ends soon', () => {
  test.each([
    ['many keys', Array.from({ length: 80_000 }, (_, n) => `k${n}: 1\n`).join(''), 100],
    ['a deep list', `a: ${'['.repeat(50_000)}${']'.repeat(50_000)}\n`, 1],
    ['deep maps', `${'{a: '.repeat(20_000)}${'}'.repeat(20_000)}\n`, 1],
    ['many aliases', `options: &a {b: 1}\ncluster: {l: [${'*a,'.repeat(200_000)}]}\n`, 1],
  ])('%s', (_, body, count) => {
    expect(examineCloudConfig('f', `#cloud-config\n${body}`)).toHaveLength(count);
  });

  test('any text can be examined', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((text) => `stages: ${text}`),
        ),
        (text) => {
          expect(examineCloudConfig('f', `#cloud-config\n${text}`)).toBeInstanceOf(Array);
        },
      ),
    );
  });
});

describe('the administrator rule', () => {
  test.each([
    'users: [{name: a, groups: [admin]}]',
    'users: [{name: a, groups: "docker, admin"}]',
    'users: [{name: a, primary_group: admin}]',
    'users: {a: {groups: [admin]}}',
    'stages: {boot: [{users: {a: {groups: [admin]}}}]}',
    'config_url: https://example.org/',
  ])('accepts %s', (users) => {
    expect(
      findings(`${users}\ninstall: {auto: true}\n`).filter((line) => line.includes(': error: ')),
    ).toEqual([]);
  });

  test.each(['users: []', 'users: [admin]', 'users: {admin: {}}', 'users: [{name: admin, groups: [Admin]}]'])(
    'refuses %s',
    (users) => {
      expect(findings(`${users}\ninstall: {auto: true}\n`)).toEqual([
        expect.stringContaining('f:2:1: error: an installation'),
      ]);
    },
  );

  test('does not apply without an installation', () => {
    expect(findings('users: [{name: a}]\n')).toEqual([]);
    expect(findings('users: [{name: a}]\ninstall:\n')).toEqual([]);
    expect(findings('install: {nousers: true}\n')).toEqual([]);
  });
});

describe('the file as a whole', () => {
  test.each([
    ['stages: {boot: [{commands: [a]}]}', 'warning'],
    ['name: a\nstages: {boot: [{commands: [a]}]}', 'warning'],
    ['hostname: a', 'error'],
    ['stages: {}\ninstall: {}', 'error'],
    ['', 'error'],
  ])('without a header, %j is named as %s', (text, severity) => {
    const found = examineCloudConfig('f', text);
    expect(found[0]).toMatchObject({
      severity,
      place: 'f:1:1',
      message: expect.stringContaining('only the stages'),
    });
  });

  test('texts that a node cannot render are named', () => {
    const texts = [
      'summary: {{ $labels.instance }}',
      '{{ json .Config }}',
      '{{ host }}',
      '{{ .MachineID',
      '{{ trunc 4 .MachineID }}',
    ];
    const commands = JSON.stringify(texts);
    const found = findings(
      `write_files: [{path: /a, content: "{{ host }}"}, {path: /b, content: "{{", encoding: b64}]\nruncmd: ${commands}\nstages: {boot: [{if: "{{ host }}", environment: {A: "{{ host }}"}, commands: ${commands}}]}`,
    );
    const named = found.map((line) => /warning: (\S+) cannot be rendered, so a node keeps/.exec(line)?.[1]);
    expect(named.toSorted()).toEqual(
      [
        'write_files.0.content',
        ...[0, 1, 2, 3].map((index) => `runcmd.${index}`),
        ...[0, 1, 2, 3].map((index) => `stages.boot.0.commands.${index}`),
        'stages.boot.0.environment.A',
        'stages.boot.0.if',
      ].toSorted(),
    );
  });
});

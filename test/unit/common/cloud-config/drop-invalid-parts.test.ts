import { describe, expect, test } from 'vitest';
import { dropInvalidParts } from '../../../../src/common/cloud-config/drop-invalid-parts.ts';
import { parseCloudConfig } from '../../../../src/common/cloud-config/parse.ts';
import { stagesOf } from '../../../../src/common/cloud-config/stages.ts';

function check(...lines: string[]) {
  const { document, problems } = dropInvalidParts(
    parseCloudConfig('a.yaml', ['#cloud-config', ...lines, ''].join('\n')),
  );
  return { stages: stagesOf(document), problems };
}

describe('dropInvalidParts', () => {
  test('keeps a valid document unchanged', () => {
    expect(check('hostname: a', 'stages: {boot: [{commands: [b]}]}')).toEqual({
      stages: { initramfs: [{ name: 'hostname', hostname: 'a' }], boot: [{ commands: ['b'] }] },
      problems: [],
    });
  });

  test('converts a number or boolean where text is expected', () => {
    const { stages, problems } = check(
      'stages:',
      '  boot:',
      '  - files: [{path: /a, content: 1}]',
      '    commands: [true]',
    );
    expect(stages['boot']).toEqual([{ files: [{ path: '/a', content: '1' }], commands: ['true'] }]);
    expect(problems).toEqual([]);
  });

  test('drops only the entry or the action with the mistake', () => {
    const { stages, problems } = check(
      'stages:',
      '  boot:',
      '  - commands: [first]',
      '  - commands: {not: a list}',
      '  - commands: [third]',
      '  network:',
      '  - files: [{content: no path}]',
      '  - files: [{path: /a}, {content: no path}, {path: /b}, 7, {path: /c}]',
      '    commands: [kept]',
      '  - if: [no text]',
      '    commands: [lost with its condition]',
    );
    expect(stages).toEqual({
      boot: [{ commands: ['first'] }, {}, { commands: ['third'] }],
      network: [
        { files: [] },
        { files: [{ path: '/a' }, { path: '/b' }, { path: '/c' }], commands: ['kept'] },
      ],
    });
    expect(problems).toEqual([
      expect.stringMatching(/^a\.yaml:5:\d+: .*; left out: stages\.boot\.1\.commands$/),
      expect.stringMatching(/^a\.yaml:8:\d+: .*; left out: stages\.network\.0\.files\.0$/),
      expect.stringMatching(/^a\.yaml:9:\d+: .*; left out: stages\.network\.1\.files\.1$/),
      expect.stringMatching(/^a\.yaml:9:\d+: .*; left out: stages\.network\.1\.files\.3$/),
      expect.stringMatching(/^a\.yaml:11:\d+: .*; left out: stages\.network\.2$/),
    ]);
  });

  test('keeps an account with a mistake in one field, so that logins still work', () => {
    const { stages, problems } = check(
      'users:',
      '- name: ann',
      '  groups: [admin]',
      '  shell: [not, text]',
      '- name: bob',
    );
    expect(stages['boot']).toEqual([
      { name: 'users', users: { ann: { name: 'ann', groups: ['admin'] }, bob: { name: 'bob' } } },
    ]);
    expect(problems).toHaveLength(1);
  });

  test('drops what cannot be kept, and terminates', () => {
    const { stages, problems } = check('users: 5', 'stages: [a, b]', 'hostname: {}', 'runcmd: no list');
    expect(stages).toEqual({});
    expect(problems).toHaveLength(4);
  });
});

import { describe, expect, test } from 'vitest';
import { parseCloudConfig } from '../../../../src/common/cloud-config/parse.ts';
import {
  isStageName,
  isUpstreamStage,
  STAGE_NAMES,
  suggestStage,
} from '../../../../src/common/cloud-config/stage-names.ts';
import { stagesOf } from '../../../../src/common/cloud-config/stages.ts';
import { failureOf } from '../../support/failure.ts';

const stages = (body: string) => stagesOf(parseCloudConfig('f', `#cloud-config\n${body}`));

describe('cloud-init keys', () => {
  test('hostname goes into the initramfs', () => {
    expect(stages('hostname: "node-{{ .Random }}"\n')).toEqual({
      initramfs: [{ name: 'hostname', hostname: 'node-{{ .Random }}' }],
    });
  });

  test.each([
    'users:\n  - default\n  - {name: a, groups: [admin]}\n  - name: b\n',
    'users:\n  a: {name: a, groups: [admin]}\n  b: {name: b}\n',
  ])('users by name: %j', (body) => {
    expect(stages(body)).toEqual({
      boot: [{ name: 'users', users: { a: { name: 'a', groups: ['admin'] }, b: { name: 'b' } } }],
    });
  });

  test('write_files becomes files', () => {
    const { boot } = stages(
      'write_files:\n  - {path: /a, content: x, encoding: b64, permissions: 0640, owner: "root:adm", append: true, defer: true}\n  - path: /b\n',
    );
    expect(boot).toEqual([
      {
        name: 'write_files',
        files: [
          {
            path: '/a',
            content: 'x',
            encoding: 'b64',
            permissions: 0o640,
            owner_string: 'root:adm',
            append: true,
          },
          { path: '/b' },
        ],
      },
    ]);
  });

  test('commands given as argument lists become shell lines', () => {
    expect(stages(`runcmd:\n  - echo $HOME\n  - [echo, "it's", "$HOME"]\n`)).toEqual({
      boot: [{ name: 'runcmd', commands: ['echo $HOME', `'echo' 'it'\\''s' '$HOME'`] }],
    });
  });

  test('growpart expands the last partition', () => {
    expect(stages('growpart: {devices: [/dev/vda]}\n')).toEqual({
      boot: [
        {
          name: 'growpart /dev/vda',
          layout: { device: { path: '/dev/vda' }, expand_partition: { size: 0 } },
        },
      ],
    });
  });

  test.each([
    ['', ['root']],
    ['users: [default]\n', ['root']],
    ['users: [{name: first}, {name: second}, {name: web, system: true}]\n', ['first', 'second']],
  ])('top-level SSH keys belong to all accounts of people, or to root: %s', (users, owners) => {
    const { boot = [], network } = stages(
      `${users}ssh_authorized_keys: [ssh-ed25519 AAAA, "github:octocat"]\n`,
    );
    expect(boot.at(-1)).toEqual({
      name: 'ssh_authorized_keys',
      authorized_keys: Object.fromEntries(owners.map((owner) => [owner, ['ssh-ed25519 AAAA']])),
    });
    expect(network).toEqual([
      {
        name: 'ssh_authorized_keys',
        authorized_keys: Object.fromEntries(owners.map((owner) => [owner, ['github:octocat']])),
      },
    ]);
  });

  test("an account's remote keys are fetched in the network stage", () => {
    expect(
      stages(
        'users: [{name: a, ssh_authorized_keys: [ssh-rsa AAAA, "gitlab:a", "https://example.org/a"]}, {name: b}]\n',
      ),
    ).toEqual({
      boot: [
        {
          name: 'users',
          users: { a: { name: 'a', ssh_authorized_keys: ['ssh-rsa AAAA'] }, b: { name: 'b' } },
        },
      ],
      network: [
        { name: 'ssh_authorized_keys', authorized_keys: { a: ['gitlab:a', 'https://example.org/a'] } },
      ],
    });
  });

  test("run in cloud-init's order, before the file's own stages", () => {
    const { boot = [] } = stages(
      'stages: {boot: [{name: own}]}\nruncmd: [a]\nwrite_files: [{path: /a}]\nusers: [{name: a}]\ngrowpart: {devices: [/dev/vda]}\n',
    );
    expect(boot.map(({ name }) => name)).toEqual([
      'growpart /dev/vda',
      'users',
      'write_files',
      'runcmd',
      'own',
    ]);
  });

  test('add no stages when absent', () => {
    expect(stages('')).toEqual({});
    expect(
      stages('users:\nruncmd: []\nwrite_files: []\ngrowpart: {}\nstages:\n  boot:\n  network: []\n'),
    ).toEqual({});
  });
});

describe('native stages', () => {
  test('are kept unchanged, whatever their names', () => {
    expect(stages('stages:\n  custom: [{name: a, commands: ["{{ .x }}"], unknown: 1}]\n')).toEqual({
      custom: [{ name: 'a', commands: ['{{ .x }}'], unknown: 1 }],
    });
  });

  test('accept templates instead of numbers', () => {
    const step = { layout: { expand_partition: { size: '{{ .size }}' } } };
    expect(stages(`stages: {boot: [${JSON.stringify(step)}]}\n`)).toEqual({ boot: [step] });
  });

  test('are returned even if other parts of the file are invalid', () => {
    expect(stages('install: nonsense\nstages: {boot: [{name: a}]}\n')).toEqual({ boot: [{ name: 'a' }] });
  });

  test('report errors with their location', async () => {
    const error = await failureOf(() => stages('stages:\n  boot:\n    - commands: x\n  fs: 1\n'), 'usage');
    expect(error.message).toBe('f:4:7: stages.boot.0.commands: expected a list, found "x"; write [x]');
    expect(error.details).toEqual(['f:5:3: stages.fs: expected a list, found 1']);
  });

  test('named __proto__ do not change Object.prototype', () => {
    stages('users: {__proto__: {shell: /bin/sh}}\nstages: {__proto__: [{name: a}]}\n');
    expect('shell' in {} || 'name' in {}).toBe(false);
  });
});

describe('stage names', () => {
  test.each([...STAGE_NAMES, 'boot.before', 'fs.after'])('%s', (name) => {
    expect(isStageName(name)).toBe(true);
    expect(isUpstreamStage(name)).toBe(false);
  });

  test.each(['', 'boo', 'boot.during', 'boot.before.after', 'before', 'provider-kairos.bootstrap.after.'])(
    'not %j',
    (name) => {
      expect(isStageName(name)).toBe(false);
      expect(isUpstreamStage(name)).toBe(false);
    },
  );

  test.each([
    'provider-kairos.bootstrap.after.master/ha',
    'kairos-uki-upgrade.pre',
    'kairos-agent.bootstrap.before',
    'after-init',
  ])('%s is run only by upstream', (name) => {
    expect(isStageName(name)).toBe(false);
    expect(isUpstreamStage(name)).toBe(true);
  });

  test('a mistyped name gets a suggestion', () => {
    expect(suggestStage('initramfs.aftr')).toBe(' (did you mean "initramfs.after"?)');
    expect(suggestStage('something-else')).toBe('');
  });
});

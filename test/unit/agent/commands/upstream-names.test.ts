import { describe, expect, test } from 'vitest';
import { createAgentProgram } from '../../../../src/agent/program.ts';
import { type TestHostOptions, testHost } from '../support/test-host.ts';

const ADMIN = 'users: [{name: a, groups: [admin]}]';

/** Runs the agent with a command line; `output` is what it prints. */
async function agent(line: string, options: TestHostOptions = {}) {
  const host = await testHost({
    ...options,
    run: ({ program }) => (program === 'lsblk' ? '{"blockdevices":[]}' : program === 'ip' ? '[]' : ''),
    files: {
      '/proc/cmdline': 'root=LABEL=COS_ACTIVE',
      '/etc/machine-id': `${'0123456789abcdef'.repeat(2)}\n`,
      ...options.files,
    },
  });
  await using _ = host;
  let output = '';
  const out = (text: string) => {
    output += text;
  };
  const args = line.split(' ');
  const program = await createAgentProgram({ host, out }, { args });
  program.configureOutput({ writeOut: out, writeErr: out });
  const error = await program.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (thrown: Error & { code?: string }) => thrown,
  );
  return { output, error, logged: host.logged.join('\n') };
}

describe("names of upstream's agent that scripts use", () => {
  test.each(['--version', '-v', 'version'])('%s', async (line) => {
    expect((await agent(line)).output).toMatch(/^v\S+\n$/);
  });

  test.each([
    ['uuid', '-localhost'],
    ['u', '-localhost'],
    ['config', 'from /oem/a.yaml'],
    ['c', 'from /oem/a.yaml'],
    ['config show', 'from /oem/a.yaml'],
    ['config get options.x', 'y'],
    ['c g options.x', 'y'],
    ['state g boot', 'active_boot'],
    ['--debug config', 'from /oem/a.yaml'],
    ['config --debug', 'from /oem/a.yaml'],
    ['config get options.x --debug', 'y'],
    ['--strict-validation config get options.x', 'y'],
  ])('%s', async (line, printed) => {
    const { output, error } = await agent(line, {
      files: { '/oem/a.yaml': '#cloud-config\noptions: {x: y}\n' },
    });
    expect(error).toBeUndefined();
    expect(output).toContain(printed);
  });

  test.each(['i', 'install', 'm /x.yaml', 'manual-install --use-default-dirs /x.yaml'])(
    '%s installs with flags of its own',
    async (command) => {
      const files = {
        '/x.yaml': `#cloud-config\n${ADMIN}\n`,
        '/run/initramfs/live/a.yaml': `#cloud-config\ninstall: {auto: true, device: /dev/vda}\n${ADMIN}\n`,
        '/src/file': 'x',
      };
      const { error } = await agent(`${command} --source dir:/src --allow-insecure-registries`, { files });
      // Without disks, an installation ends once its source has been read.
      expect(error?.message).toMatch(/no disk|is not a disk/);
    },
  );

  test('manual-install --use-default-dirs adds the other configurations', async () => {
    const files = {
      '/x.yaml': '#cloud-config\n{}\n',
      '/oem/a.yaml': `#cloud-config\n${ADMIN}\n`,
      '/src/file': 'x',
    };
    const run = (flags: string) => agent(`manual-install ${flags}/x.yaml --source dir:/src`, { files });
    expect((await run('')).error?.message).toContain('no user in the group admin');
    expect((await run('--use-default-dirs ')).error?.message).toContain('no disk');
  });

  test.each([
    'upgrade dir:/nope',
    'upgrade --source dir:/nope --force --pre',
    'upgrade --debug --source dir:/nope',
  ])('%s', async (line) => {
    const { error, logged } = await agent(line);
    expect(error?.message).toContain('dir:/nope does not exist');
    if (line.includes('--force')) expect(logged).toMatch(/--force has no effect[\s\S]*--pre has no effect/);
  });

  test.each(['-s', '--select'])('bootentry %s', async (flag) => {
    expect((await agent(`bootentry ${flag} nothing`)).error?.message).not.toContain('unknown option');
  });

  test.each([
    ...['start', 's', 'notify install /oem', 'recovery', 'r', 'webui', 'w', 'state apply', 'state a'],
    ...['versioneer image', 'phone-home --x', 'kcrypt', 'start --restart --api http://x'],
  ])('%s says why it is not supported', async (line) => {
    const { error } = await agent(line);
    expect(error).toMatchObject({
      code: 'COMMAND_UNSUPPORTED',
      kind: 'usage',
      message: expect.stringMatching(/^"[\w -]+" is not supported, because .+/),
      remedy: expect.stringMatching(/\.$/),
    });
  });
});

describe('--strict-validation', () => {
  const files = { '/oem/a.yaml': '#cloud-config\ninstall: {auto: 1}\noptions: {x: y}\n' };

  test.each([
    ['--strict-validation config get options.x', {}],
    ['config get options.x --strict-validation', {}],
    ['upgrade --strict-validation', {}],
    ['config', { STRICT_VALIDATIONS: 'true' }],
  ])('%s %j refuses a wrong type', async (line, env) => {
    const { error, output } = await agent(line, { files, env });
    expect(error?.message).toContain('install.auto');
    expect(output).toBe('');
  });

  test.each([
    ['config get options.x', {}],
    ['config get options.x', { STRICT_VALIDATIONS: 'false' }],
    ['uuid --strict-validation', {}],
  ])('%s %j does not', async (line, env) => {
    expect((await agent(line, { files, env })).error).toBeUndefined();
  });
});

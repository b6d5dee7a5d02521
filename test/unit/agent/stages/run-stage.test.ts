import { describe, expect, it } from 'vitest';
import type { Plugin } from '../../../../src/agent/stages/plugin.ts';
import { PLUGINS } from '../../../../src/agent/stages/plugins.ts';
import { runStage } from '../../../../src/agent/stages/run-stage.ts';
import { PLUGIN_KEYS } from '../../../../src/common/cloud-config/step-schema.ts';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { testHost } from '../support/test-host.ts';

const config = (body: string) => `#cloud-config\n${body}\n`;
/** One step of stage `demo` that runs these commands. */
const step = (...commands: string[]) => `  demo: [{name: n, commands: [${commands.join(', ')}]}]`;

/** Records commands instead of running them; `fail` fails, `write PATH` creates a configuration with a step. */
function recorder(): { done: string[]; plugins: Plugin[] } {
  const done: string[] = [];
  const commands: Plugin<'commands'> = {
    key: 'commands',
    run: async ({ host, expand }, lines) => {
      for (const line of lines) {
        if (line === 'fail')
          throw new FactoryError('STAGE_FAILED', 'it fails', { remedy: 'Do better.', details: ['why'] });
        if (line.startsWith('write ')) {
          const stages = ['demo', 'initramfs.after', 'fs', 'boot', 'network', 'network.after'].map(
            (stage) => `  ${stage}: [{commands: ["${stage} from ${line}"]}]`,
          );
          await host.write(line.slice(6), config(`stages:\n${stages.join('\n')}`));
        }
        done.push(await expand(line));
      }
    },
  };
  const sysctl: Plugin<'sysctl'> = { key: 'sysctl', run: async () => void done.push('sysctl') };
  return { done, plugins: [commands, sysctl] as Plugin[] };
}

describe('PLUGINS', () => {
  it('are in the order of the contract', () => {
    expect(PLUGINS.map(({ key }) => key)).toEqual(PLUGIN_KEYS);
  });
});

describe('runStage', () => {
  it('runs before, the stage and after, source by source', async () => {
    await using host = await testHost({
      files: {
        '/usr/local/cloud-config/a.yaml': config(`stages:\n${step('local')}`),
        '/oem/10_b.yaml': config(`stages:\n${step('oem-b')}`),
        '/oem/95_userdata/userdata.yaml': config(`stages:\n${step('userdata')}`),
        '/oem/99.yml': config(`stages:\n${step('oem-99')}\n  demo.after: [{commands: [after]}]`),
        '/system/oem/z.yaml': config(`stages:\n${step('system')}\n  demo.before: [{commands: [before]}]`),
        '/extra/x.yaml': config(`stages:\n${step('extra')}`),
        '/configured/x.yaml': config(`stages:\n${step('configured')}`),
        '/etc/kairos/agent.yaml': config(`cloud-init-paths: [/configured]\nstages:\n${step('no')}`),
        '/run/initramfs/live/config.yaml': config(`stages:\n${step('no')}`),
        '/setup.yaml': config(`stages:\n${step('setup')}`),
        '/proc/cmdline':
          'COS_ACTIVE cos.setup=/setup.yaml kairos.config=stages.demo.0.commands.0=line stages.demo[1].commands[0]="second line"\n',
      },
    });
    const { done, plugins } = recorder();
    const report = await runStage(host, 'demo', { plugins, paths: ['/extra'] });
    expect(done).toEqual([
      'before',
      'system',
      'oem-b',
      'userdata',
      'oem-99',
      'local',
      'configured',
      'extra',
      'setup',
      'line',
      'second line',
      'after',
    ]);
    expect(report.problems).toEqual([]);
    expect(report.steps[0]).toEqual({
      stage: 'demo.before',
      file: '/system/oem/z.yaml',
      name: 'z.yaml.0',
      result: 'done',
      milliseconds: 0,
    });
    expect(host.calls).toEqual([]);
  });

  it.each([
    ['an alias inside its own anchor', 'a: &a [*a]'],
    ['a merge of the file into itself', '--- &file\n<<: *file'],
    ['a map that cannot be nested that deep', `a: ${'['.repeat(5000)}`],
    ['text', 'text'],
    ['a broken bracket', 'a: ['],
  ])('leaves out a file with %s, and runs the others', async (_, body) => {
    await using host = await testHost({
      files: {
        '/oem/10_a.yaml': config(body),
        '/oem/20_b.yaml': config(`stages:\n${step('good')}`),
      },
    });
    const { done, plugins } = recorder();
    const { problems } = await runStage(host, 'demo', { plugins });
    expect(done).toEqual(['good']);
    expect(problems).toEqual([expect.stringMatching(/^\/oem\/10_a\.yaml:/)]);
  });

  it('runs only the stages of files without a header', async () => {
    await using host = await testHost({
      files: {
        '/oem/a.yaml': `name: own\nstages:\n${step('first')}\nhostname: x\nruncmd: [x]\ncloud-init-paths: [/more]\n`,
        '/oem/b.yml': `# a comment\n---\nstages:\n${step('second')}\n---\nstages:\n${step('no')}\n`,
        '/oem/c.yaml': 'apiVersion: v1\nkind: Pod\n',
        '/more/d.yaml': config(`stages:\n${step('no')}`),
        '/url/e.yaml': `stages:\n${step('third')}\n`,
        '/proc/cmdline': 'cos.setup=/url/e.yaml\n',
      },
    });
    const { done, plugins } = recorder();
    const report = await runStage(host, 'demo', { plugins });
    expect(done).toEqual(['first', 'second', 'third']);
    expect(report.steps[0]?.name).toBe('own.n');
    expect(report.problems).toEqual([]);
    expect(
      (await runStage(host, 'boot', { plugins })).steps.filter(({ file }) => file !== 'builtin'),
    ).toEqual([]);
  });

  it('reads the medium of a live system', async () => {
    await using host = await testHost({
      files: {
        '/run/initramfs/live/config.yaml': config(`stages:\n${step('live')}`),
        '/run/initramfs/live/boot/x.yaml': config(`stages:\n${step('no')}`),
        '/proc/cmdline': 'root=live:CDLABEL=COS_LIVE\n',
      },
    });
    const { done, plugins } = recorder();
    await runStage(host, 'demo', { plugins });
    expect(done).toEqual(['live']);
  });

  it('reads only the given paths with override', async () => {
    await using host = await testHost({
      files: {
        '/oem/a.yaml': config(`stages:\n${step('no')}`),
        '/only/a.yaml': config(`stages:\n${step('only')}`),
        '/proc/cmdline': 'kairos.config=stages.demo.0.commands.0=no\n',
      },
    });
    const { done, plugins } = recorder();
    await runStage(host, 'demo', { plugins, paths: ['/only'], override: true });
    expect(done).toEqual(['only']);
  });

  it('reads files that earlier moments have created', async () => {
    await using host = await testHost({
      files: {
        '/oem/a.yaml': config(
          'stages:\n  demo.before: [{commands: ["write /oem/95_userdata/userdata.yaml"]}]',
        ),
      },
    });
    const { done, plugins } = recorder();
    await runStage(host, 'demo', { plugins });
    expect(done.at(-1)).toBe('demo from write /oem/95_userdata/userdata.yaml');
  });

  it('continues after a failure, and reports its file, step and plugin', async () => {
    await using host = await testHost({
      files: {
        '/oem/a.yaml': config(
          'stages:\n  demo: [{name: bad, commands: [fail], sysctl: {a: 1}}, {commands: [next]}]',
        ),
        '/oem/b.yaml': config('stages: [\n'),
        '/oem/c.yaml': config('stages:\n  demo: [{commands: 7}]'),
        '/oem/d.yaml': config(`stages:\n${step('other')}`),
      },
    });
    const { done, plugins } = recorder();
    const report = await runStage(host, 'demo', { plugins });
    expect(done).toEqual(['sysctl', 'next', 'other']);
    expect(report.steps.map(({ result }) => result)).toEqual(['failed', 'done', 'done', 'done']);
    expect(report.problems).toHaveLength(3);
    expect(report.problems[0]).toMatch(/^\/oem\/b\.yaml:\d+:\d+: /);
    expect(report.problems[1]).toMatch(/^\/oem\/c\.yaml:\d+:\d+: /);
    expect(report.problems[2]).toBe('/oem/a.yaml: step "a.yaml.bad" of demo: commands: it fails');
    const errors = host.logged.filter((line) => line.startsWith('error'));
    expect(errors).toEqual(
      expect.arrayContaining([`error ${report.problems[2]}`, 'error   why', 'error   Do better.']),
    );
    // Once each, although the directories are read three times.
    expect(errors.filter((line) => line.includes('/oem/b.yaml'))).toHaveLength(1);
    expect(errors.filter((line) => line.includes('/oem/c.yaml'))).toHaveLength(1);
  });

  it('skips a step whose conditions do not hold', async () => {
    await using host = await testHost({
      files: {
        '/oem/a.yaml': config(
          'stages:\n  demo: [{if_files: {all: [/no]}, commands: [no]}, {commands: [yes]}]',
        ),
      },
    });
    const { done, plugins } = recorder();
    const report = await runStage(host, 'demo', { plugins });
    expect(done).toEqual(['yes']);
    expect(report.steps.map(({ result }) => result)).toEqual(['skipped', 'done']);
  });

  it('fetches the configuration of the command line once, when the network is up', async () => {
    const asked: string[] = [];
    const options = {
      files: {
        '/proc/cmdline': 'kairos.config_url=http://x/\n',
        '/oem/a.yaml': config(`stages:\n${step('a')}`),
      },
      fetch: (url: string) => {
        asked.push(url);
        return new Response(config(`stages:\n${step('remote')}`));
      },
    };
    await using host = await testHost(options);
    const { done, plugins } = recorder();
    await runStage(host, 'fs', { plugins });
    expect(asked).toEqual([]);
    expect(host.slept).toEqual([]);
    await runStage(host, 'demo', { plugins });
    expect(asked).toEqual(['http://x/']);
    expect(done).toEqual(['a', 'remote']);
  });

  it('fetches it early on a machine that was booted over the network', async () => {
    await using host = await testHost({
      files: { '/proc/cmdline': 'root=live:http://x/rootfs netboot kairos.config_url=http://x/\n' },
      fetch: () => new Response(config('stages:\n  fs: [{commands: [remote]}]')),
    });
    const { done, plugins } = recorder();
    await runStage(host, 'fs', { plugins });
    expect(done).toEqual(['remote']);
  });

  it('runs the earlier stages of user data that came only with the network', async () => {
    const write = 'write /oem/95_userdata/userdata.yaml';
    await using host = await testHost({
      files: {
        '/system/oem/a.yaml': config(
          `stages:\n  network: [{commands: ["${write}"]}]\n  boot: [{commands: [no]}]`,
        ),
      },
    });
    const { done, plugins } = recorder();
    await runStage(host, 'network', { plugins });
    const late = ['initramfs.after', 'fs', 'boot', 'network', 'network.after'].map(
      (stage) => `${stage} from ${write}`,
    );
    expect(done).toEqual([write, ...late]);
    done.length = 0;
    await runStage(host, 'network', { plugins });
    expect(done).toEqual([write, `network from ${write}`, `network.after from ${write}`]);
  });
});

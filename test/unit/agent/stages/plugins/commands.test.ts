import { expect, test } from 'vitest';
import { commandsPlugin } from '../../../../../src/agent/stages/plugins/commands.ts';
import { testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

test('commands are expanded, run by the shell, and their output logged', async () => {
  await using host = await testHost({ run: () => ({ stdout: 'one\n\ntwo\n', stderr: 'three\n' }) });
  await commandsPlugin.run(pluginContext(host, { NAME: 'node' }), ['echo <NAME>', 'true && ls']);
  expect(host.commands()).toEqual(['/bin/sh -c echo node', '/bin/sh -c true && ls']);
  expect(host.logged.slice(0, 3)).toEqual(['info one', 'info two', 'info three']);
});

test('all commands run, and the error lists those that failed', async () => {
  await using host = await testHost({
    run: ({ args }) => (args[1]?.startsWith('false') ? { status: 3, stderr: 'no\n' } : ''),
  });
  const long = `false ${'x'.repeat(100)}`;
  const run = commandsPlugin.run(pluginContext(host), ['false\nsecond line', 'echo <BROKEN>', long, 'true']);
  await expect(run).rejects.toMatchObject({
    kind: 'step',
    message: '3 of 4 commands failed',
    remedy: expect.any(String),
    details: ['false: status 3', 'echo <BROKEN>: the template is broken', `${long.slice(0, 79)}…: status 3`],
  });
  expect(host.commands().at(-1)).toBe('/bin/sh -c true');
  expect(host.logged).toContain('error command false: status 3');
  expect(host.logged).toContain('info no');
});

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { runOverSsh, type SshDestination } from '../../../../src/factory/tools/ssh.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** A program in the place of ssh: the messages of the real one are in test/integration/rollout.test.ts. */
function stubbed(script: string) {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'ssh'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, 'ssh'), 0o755);
  const runner = createRunner({
    signal: new AbortController().signal,
    log: () => undefined,
    env: { PATH: `${directory}:/usr/bin:/bin` },
  });
  return (destination: SshDestination, timeout = 20) =>
    runOverSsh(runner, destination, { command: 'true', timeout });
}

test('the options ask nothing, trust no unknown host, and come before the address', async () => {
  const run = stubbed(`printf '%s\\n' "$@"`);
  const destination = { address: 'node', user: 'kairos', port: 2222, identity: '/k', knownHosts: '/a b/50%' };
  const words = (await run(destination)).stdout.trim().split('\n');
  expect(words).toEqual(
    expect.arrayContaining([
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      'IdentitiesOnly=yes',
      'UserKnownHostsFile="/a b/50%%"',
    ]),
  );
  expect(words.slice(-9)).toEqual(['-i', '/k', '-p', '2222', '-l', 'kairos', '--', 'node', 'true']);
  expect((await run({ address: 'node' })).stdout).not.toMatch(/-p|-l|-i|KnownHostsFile/);
});

test.each([
  [
    'echo "ssh: connect to host x port 22: No route to host" >&2; exit 255',
    'NODE_UNREACHABLE',
    /cannot be reached: ssh: connect .*No route to host/,
  ],
  ['exit 255', 'NODE_UNREACHABLE', /the connection broke off/],
  ['echo "Host key verification failed." >&2; exit 255', 'HOST_KEY_REFUSED', /is not known/],
  [
    'echo "REMOTE HOST IDENTIFICATION HAS CHANGED!" >&2; echo "Host key verification failed." >&2; exit 255',
    'HOST_KEY_REFUSED',
    /has another SSH host key/,
  ],
] as const)('%s is %s', async (script, code, message) => {
  const error = await failureOf(() => stubbed(script)({ address: 'node' }));
  expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
});

test('a command that fails is a result, and one without an end is a node that does not answer', async () => {
  expect(await stubbed('echo no >&2; exit 5')({ address: 'node' })).toMatchObject({
    exitCode: 5,
    stderr: 'no\n',
  });
  const error = await failureOf(() => stubbed('exec sleep 60')({ address: 'node' }, 1));
  expect([error.code, error.message]).toEqual(['NODE_UNREACHABLE', expect.stringContaining('within 1 s')]);
});

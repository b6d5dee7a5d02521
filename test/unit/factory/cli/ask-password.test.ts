import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MEASURED, PROJECT } from '../../../support/factory.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const MODULE = JSON.stringify(join(PROJECT, 'src/factory/cli/ask-password.ts'));
const KEY =
  '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nxx\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n';

/** Asks for the password of a key in a pseudo-terminal, where a person types. @returns what the terminal shows */
async function asked(
  key: string,
  typed: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const file = join(plant(temporaryDirectory(), { 'my.key': key }), 'my.key');
  const program = `const { askPassword } = await import(${MODULE});
    await askPassword({ key: ${JSON.stringify(file)}, format: 'bundle' }).catch((error) => console.log(error.code));
    console.log('got ' + process.env.COSIGN_PASSWORD?.length);`;
  const child = spawn(
    'script',
    ['-qefc', 'exec "$NODE" --input-type=module --eval "$PROGRAM"', '/dev/null'],
    {
      env: {
        PATH: process.env['PATH'],
        NODE: process.execPath,
        PROGRAM: program,
        TERM: 'xterm',
        ...MEASURED,
        ...env,
      },
      stdio: 'pipe',
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let shown = '';
  let hasTyped = false;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    if (!hasTyped && shown.includes('Password of')) {
      hasTyped = true;
      child.stdin.write(typed);
    }
  });
  await new Promise((done) => child.on('close', done));
  return shown;
}

test('the password is asked for without being shown', async () => {
  const shown = await asked(KEY, 'geheim\r');
  expect(shown).toContain('Password of');
  expect(shown).toContain('got 6');
  expect(shown).not.toContain('geheim');
});

test('Ctrl-C ends the question', async () => {
  expect(await asked(KEY, '\x03')).toContain('INTERRUPTED');
});

test.each([
  ['the environment gives it', KEY, { COSIGN_PASSWORD: 'abc' }, 'got 3'],
  ['the key is not one of cosign', 'PEM', {}, 'got undefined'],
])('it is not asked for when %s', async (_, key, env, got) => {
  const shown = await asked(key, '', env as Record<string, string>);
  expect(shown).not.toContain('Password of');
  expect(shown).toContain(got);
});

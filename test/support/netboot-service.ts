import { join } from 'node:path';
import { execa } from 'execa';
import { MEASURED, PROJECT } from './factory.ts';
import type { NetworkNamespace } from './network-namespaces.ts';

/** A running `serve-netboot`. */
export interface NetbootServer extends AsyncDisposable {
  /** The lines about machines so far. */
  readonly lines: () => string[];
  /** Presses Ctrl-C, and waits for the end. */
  readonly stop: () => Promise<{ status: number | undefined; lines: string[]; notes: string }>;
  /** Ends it in a way that it does not notice. */
  readonly kill: () => Promise<void>;
}

/** Starts `serve-netboot` in a network, and waits until machines can boot, or it has ended. */
export async function startService(
  args: readonly string[],
  { enter }: NetworkNamespace,
): Promise<NetbootServer> {
  const [program = '', ...words] = enter;
  const command = [join(PROJECT, 'bin/kairos-factory'), 'serve-netboot', ...args];
  // nsenter becomes the program, so that a signal reaches it.
  const child = execa(program, [...words, ...command], { reject: false, env: MEASURED });
  let printed = '';
  let notes = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const ready = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk) => {
      notes += chunk;
      if (notes.includes('Ctrl-C ends the service')) resolve();
    });
  });
  await Promise.race([ready, child]);
  const lines = () => printed.split('\n').filter(Boolean);
  const kill = async () => {
    child.kill('SIGKILL');
    await child;
  };
  return {
    lines,
    stop: async () => {
      child.kill('SIGINT');
      const { exitCode } = await child;
      return { status: exitCode, lines: lines(), notes };
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

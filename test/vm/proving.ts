import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Proof } from '../../src/factory/prove/prove.ts';
import { factory, type Outcome, PROJECT } from '../support/factory.ts';
import { PLAIN_CPU, testQemu } from './qemu.ts';

/** The program as a user runs it, with the QEMU of test machines and with cosign. */
export interface Proving {
  readonly run: (args: readonly string[]) => Promise<Outcome>;
  /** Runs `prove`, and reads what it found. */
  readonly prove: (...args: string[]) => Promise<{
    readonly status: number;
    readonly stderr: string;
    readonly evidence: string;
    readonly proof: Proof;
  }>;
}

/**
 * @param home a directory for the program's QEMU and for the evidence
 * @param extra arguments for QEMU, such as devices that the firmware finds first
 */
export async function startProving(
  home: string,
  extra: { readonly before?: readonly string[]; readonly after?: readonly string[] } = {},
): Promise<Proving> {
  const { before = [], after = [] } = extra;
  const { program, arguments: args, env } = testQemu();
  const variables = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`);
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ');
  const command = `exec ${quoted([program, ...args, ...before])} "$@" ${quoted([...PLAIN_CPU, ...after])}`;
  const qemu = join(home, 'bin/qemu-system-x86_64');
  await mkdir(join(home, 'bin'));
  await writeFile(qemu, ['#!/bin/sh', ...variables, command, ''].join('\n'));
  await chmod(qemu, 0o755);

  const path = [join(home, 'bin'), join(PROJECT, '.tools/bin'), process.env['PATH']].join(':');
  const run = (args: readonly string[]) => factory(args, { env: { PATH: path, COSIGN_PASSWORD: '' } });
  return {
    run,
    prove: async (...args) => {
      const evidence = join(home, 'evidence');
      const outcome = await run(['prove', ...args, '--no-kvm', '--json', '--evidence', evidence]);
      expect(outcome.stdout, outcome.stderr).toMatch(/^\{/);
      const { status, stderr } = outcome;
      return { status, stderr, evidence, proof: JSON.parse(outcome.stdout) as Proof };
    },
  };
}

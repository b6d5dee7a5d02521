import { createRunner, type Runner } from '../../../src/factory/tools/runner.ts';

/** Runs the programs of this host, and logs nothing. */
export function testRunner(): Runner {
  return createRunner({ signal: new AbortController().signal, log: () => undefined, env: process.env });
}

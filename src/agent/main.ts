#!/usr/bin/env bun
import { CommanderError } from '@commander-js/extra-typings';
import { EXIT_STATUS, FactoryError } from '../common/errors/factory-error.ts';
import { systemHost } from '../common/host/system-host.ts';
import { errorLines, explainOnNode } from './host/error-lines.ts';
import { createLog } from './host/log.ts';
import { createAgentProgram } from './program.ts';

// The agent decides the modes of files on the node, whatever umask it was started with.
process.umask(0o022);
const log = createLog(process.argv);
const host = systemHost(log);
const out = (text: string) => void process.stdout.write(text);
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of a pipe has gone, or the terminal has been closed; an upgrade continues.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}
try {
  const context = { host, out, uid: process.getuid?.() };
  const program = await createAgentProgram(context, { args: process.argv.slice(2) });
  await program.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

/** Logs an error. @returns the exit status (docs/errors.md) */
function fail(error: unknown): number {
  // commander has already printed the error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_STATUS.usage;
  const explained = explainOnNode(error);
  log('error', errorLines(explained).join('\n'));
  return explained instanceof FactoryError ? EXIT_STATUS[explained.kind] : 1;
}

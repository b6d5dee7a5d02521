#!/usr/bin/env bun
import { CommanderError } from '@commander-js/extra-typings';
import { EXIT_STATUS, FactoryError, messageOf } from '../common/errors/factory-error.ts';
import { systemHost } from '../common/host/system-host.ts';
import { createLog } from './host/log.ts';
import { createAgentProgram } from './program.ts';

// The agent decides the modes of files on the node, whatever umask it was started with.
process.umask(0o022);
const log = createLog(process.argv);
const host = systemHost(log);
const out = (text: string) => void process.stdout.write(text);
try {
  await createAgentProgram({ host, out }).parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

/** Logs an error. @returns the exit status (docs/errors.md) */
function fail(error: unknown): number {
  // commander has already printed the error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_STATUS.usage;
  if (!(error instanceof FactoryError)) {
    log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
  log('error', messageOf(error));
  for (const line of error.details) log('error', `  ${line}`);
  if (error.remedy !== undefined) log('error', `to do: ${error.remedy}`);
  log('error', `code: ${error.code}`);
  return EXIT_STATUS[error.kind];
}

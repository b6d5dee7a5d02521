import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Plugin, PluginContext } from '../plugin.ts';

/**
 * `commands`: expands each command as a template (docs/contract.md 4.8) and runs it with `/bin/sh -c`; its output goes to the
 * log. A failed command does not stop the others.
 *
 * @throws FactoryError `step` at the end, listing the failures
 */
export const commandsPlugin: Plugin<'commands'> = {
  key: 'commands',
  run: async (context, commands) => {
    const failures: string[] = [];
    for (const command of commands) {
      const failure = await runCommand(context, command).catch(messageOf);
      if (failure === undefined) continue;
      context.host.log('error', `command ${titleOf(command)}: ${failure}`);
      failures.push(`${titleOf(command)}: ${failure}`);
    }
    if (failures.length === 0) return;
    throw new FactoryError('STAGE_FAILED', `${failures.length} of ${commands.length} commands failed`, {
      remedy: 'Run the command manually on the node to see the error, and correct it in the configuration.',
      details: failures,
    });
  },
};

/** Runs a command. @returns the reason of a failure */
async function runCommand({ host, expand }: PluginContext, command: string): Promise<string | undefined> {
  const { status, stdout, stderr } = await host.run('/bin/sh', ['-c', await expand(command)], {
    allowFailure: true,
  });
  for (const line of `${stdout}\n${stderr}`.split('\n')) {
    if (line.trim() !== '') host.log('info', line);
  }
  return status === 0 ? undefined : `status ${status}`;
}

/** The first line of a command, shortened, for messages. */
function titleOf(command: string): string {
  const line = command.trim().split('\n')[0] ?? '';
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Plugin, PluginContext } from '../plugin.ts';

/**
 * `commands`: each is expanded as a template (docs/contract.md 4.8) and given to `/bin/sh -c`; what it prints goes
 * to the log. All of them run, whatever becomes of the ones before.
 *
 * @throws FactoryError `step` at the end, naming those that failed
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
      remedy: 'Run the command by hand on the node to see why, and correct it in the configuration.',
      details: failures,
    });
  },
};

/** Why it failed; nothing when it did not. */
async function runCommand({ host, expand }: PluginContext, command: string): Promise<string | undefined> {
  const { status, stdout, stderr } = await host.run('/bin/sh', ['-c', await expand(command)], {
    allowFailure: true,
  });
  for (const line of `${stdout}\n${stderr}`.split('\n')) {
    if (line.trim() !== '') host.log('info', line);
  }
  return status === 0 ? undefined : `status ${status}`;
}

/** The first line that says something, to name the command by. */
function titleOf(command: string): string {
  const line = command.trim().split('\n')[0] ?? '';
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

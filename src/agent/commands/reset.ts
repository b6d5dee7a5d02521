import { createInterface } from 'node:readline/promises';
import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { collectConfig } from '../config/collect.ts';
import { runReset } from '../deploy/reset.ts';
import { onConsoles } from '../onboarding/consoles.ts';
import type { AgentCommand } from './agent-command.ts';

/** `kairos-agent reset` (docs/contract.md 5.5). */
export const resetCommand: AgentCommand = (context) =>
  new Command('reset')
    .description('reset this node to its freshly installed state; persistent data is lost')
    .option('--unattended', 'do not ask for confirmation')
    .option('--reset-oem', 'also remove the configuration of the node')
    .option('--source <source>', 'system to install (default: the recovery system)')
    .option('--insecure-skip-verify', 'skip the trust policy of this node')
    .option('--reboot', 'reboot afterwards')
    .option('--poweroff', 'power off afterwards')
    .option('--json', 'report progress as JSON lines')
    .action(async (options) => {
      if (!options.unattended) await confirm();
      const { data } = await collectConfig(context.host);
      const finish = options.poweroff ? 'poweroff' : options.reboot ? 'reboot' : undefined;
      // An unattended reset shows its progress on every console.
      const host = options.unattended ? await onConsoles(context.host) : context.host;
      await runReset(
        { ...context, host },
        {
          config: data,
          json: options.json ?? false,
          skipVerify: options.insecureSkipVerify ?? false,
          ...(options.resetOem ? { resetOem: true } : {}),
          ...(options.source === undefined ? {} : { source: options.source }),
          ...(finish === undefined ? {} : { finish }),
        },
      );
    });

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new FactoryError(
      'CONFIRMATION_MISSING',
      'a reset needs confirmation, and standard input is not a terminal',
      {
        remedy: 'Add --unattended.',
      },
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    'All data in /usr/local, /home and the other persistent paths will be lost. Type "reset" to continue: ',
  );
  terminal.close();
  if (answer.trim() !== 'reset') throw new FactoryError('CONFIRMATION_MISSING', 'nothing was reset');
}

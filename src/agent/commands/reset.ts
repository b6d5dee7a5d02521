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
    .description('make this node as it was after its installation; its persistent data is lost')
    .option('--unattended', 'do not ask')
    .option('--reset-oem', 'remove the configuration of the node, too')
    .option('--source <source>', 'take the system from here, not from the recovery system')
    .option('--reboot', 'restart afterwards')
    .option('--poweroff', 'switch off afterwards')
    .option('--json', 'tell the progress as JSON lines')
    .action(async (options) => {
      if (!options.unattended) await confirm();
      const { data } = await collectConfig(context.host);
      const finish = options.poweroff ? 'poweroff' : options.reboot ? 'reboot' : undefined;
      // Nobody sits at a console that asked for it; whoever looks at one sees how far it is.
      const host = options.unattended ? await onConsoles(context.host) : context.host;
      await runReset(
        { ...context, host },
        {
          config: data,
          json: options.json ?? false,
          ...(options.resetOem ? { resetOem: true } : {}),
          ...(options.source === undefined ? {} : { source: options.source }),
          ...(finish === undefined ? {} : { finish }),
        },
      );
    });

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new FactoryError('CONFIRMATION_MISSING', 'there is nobody to ask whether everything may be lost', {
      remedy: 'Add --unattended.',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    'Everything in /usr/local, /home and the other persistent paths is lost. Type "reset": ',
  );
  terminal.close();
  if (answer.trim() !== 'reset') throw new FactoryError('CONFIRMATION_MISSING', 'nothing was reset');
}

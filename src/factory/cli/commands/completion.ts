import { Argument, Command } from '@commander-js/extra-typings';
import { bashCompletion } from '../../../common/completion/bash.ts';
import { fishCompletion } from '../../../common/completion/fish.ts';
import { zshCompletion } from '../../../common/completion/zsh.ts';
import { catalogWords } from '../reference/completion/catalog-words.ts';
import { completedCommands } from '../reference/completion/completed-command.ts';
import { describeCommand } from '../reference/describe-command.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `kairos-factory completion`: prints the completion script of a shell. */
export function completionCommand() {
  const names = Object.keys(SHELLS) as (keyof typeof SHELLS)[];
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'the shell').choices(names))
    .action(async (shell, _, command) => {
      const commands = completedCommands(describeCommand(command.parent ?? command), await catalogWords());
      process.stdout.write(SHELLS[shell]({ program: 'kairos-factory', commands }));
    });
}

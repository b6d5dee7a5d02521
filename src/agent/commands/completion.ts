import { Argument, Command } from '@commander-js/extra-typings';
import type { Completion } from '../../common/completion/completion.ts';
import type { AgentCommand } from './agent-command.ts';

/** The writers of scripts, loaded when one is asked for. */
const SHELLS: Readonly<Record<string, () => Promise<(completion: Completion) => string>>> = {
  bash: async () => (await import('../../common/completion/bash.ts')).bashCompletion,
  zsh: async () => (await import('../../common/completion/zsh.ts')).zshCompletion,
  fish: async () => (await import('../../common/completion/fish.ts')).fishCompletion,
};

/** `kairos-agent completion SHELL`: prints the completion script of a shell, made from the commands that help is made from. */
export const completionCommand: AgentCommand = ({ out }) =>
  new Command('completion')
    .description('print the completion script of a shell: source <(kairos-agent completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .action(async (shell, _, command) => {
      const program = command.parent ?? command;
      const { completedCommands } = await import('../completion/completed-commands.ts');
      const write = await SHELLS[shell]?.();
      out(write?.({ program: program.name(), commands: completedCommands(program) }) ?? '');
    });

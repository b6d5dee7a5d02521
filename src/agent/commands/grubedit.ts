import { Command } from '@commander-js/extra-typings';
import { argumentProblem, KERNEL_ARGUMENTS } from '../../common/cloud-config/kernel-arguments.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { readGrubVariables, setGrubVariables } from '../boot/grub-environment-file.ts';
import type { AgentCommand } from './agent-command.ts';

const FILE = NODE_PATH.grubEnvironment;

/** `kairos-agent grubedit`: the variables of the boot menu. */
export const grubeditCommand: AgentCommand = ({ host, out }) => {
  const command = new Command('grubedit')
    .description('list the variables of the boot menu')
    .option('--grub-file <file>', 'GRUB environment file', FILE)
    .action(async ({ grubFile }) => {
      for (const [name, value] of await readGrubVariables(host, grubFile)) out(`${name}=${value}\n`);
    });
  const set = new Command('set')
    .description('set variables; an empty value removes the variable')
    .argument('<assignments...>', 'NAME=VALUE')
    .option('--grub-file <file>', 'GRUB environment file', FILE)
    .action(async (assignments, { grubFile }) => {
      const file = command.opts().grubFile === FILE ? grubFile : command.opts().grubFile;
      await setGrubVariables(host, file, Object.fromEntries(assignments.map(parseAssignment)));
    });
  return command.addCommand(set.exitOverride());
};

function parseAssignment(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at < 1 || !/^[A-Za-z_]\w*$/.test(name)) {
    throw new FactoryError('OPTION_INVALID', `"${text}" is not of the form NAME=VALUE`, {
      remedy: 'For example: extra_cmdline=quiet.',
    });
  }
  const value = text.slice(at + 1);
  const problem = KERNEL_ARGUMENTS.test(name) ? argumentProblem(value) : undefined;
  if (problem !== undefined) {
    throw new FactoryError('OPTION_INVALID', `${name}: ${problem}`, {
      remedy: `For example, with the quotes of the shell: '${name}=dyndbg="module usbcore +p"'.`,
    });
  }
  return [name, value || undefined];
}

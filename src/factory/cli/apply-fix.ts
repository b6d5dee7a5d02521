import { createInterface } from 'node:readline/promises';
import { execa } from 'execa';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** Whether and how a person agrees. */
interface Consent {
  /** `--yes`. */
  readonly yes: boolean;
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/**
 * Runs commands on this machine, after it has said which. Each is shown as it is run, without a shell.
 * @returns whether they ran: a person can refuse
 * @throws FactoryError `usage` without `--yes` where nobody can be asked, `step` when a command fails
 */
export async function applyCommands(
  commands: readonly (readonly string[])[],
  { yes, input, output }: Consent,
): Promise<boolean> {
  const shown = commands.map((words) => `  ${words.join(' ')}\n`).join('');
  output.write(`These commands fix it:\n${shown}`);
  if (!yes) {
    if (!input.isTTY) {
      throw new FactoryError('CONFIRMATION_MISSING', 'nobody was asked whether to run them', {
        remedy: 'Give --yes, or run the commands yourself.',
      });
    }
    const dialogue = createInterface({ input, output });
    const answer = await dialogue.question('Run them? [y/N] ').finally(() => dialogue.close());
    if (!/^y(es)?$/i.test(answer.trim())) return false;
  }
  for (const [program = '', ...args] of commands) {
    output.write(`$ ${[program, ...args].join(' ')}\n`);
    // What they print goes to stderr: stdout is for the report.
    const { exitCode, failed } = await execa(program, args, {
      stdin: input.isTTY ? 'inherit' : 'ignore',
      stdout: process.stderr,
      stderr: 'inherit',
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      reject: false,
    });
    if (failed) {
      throw new FactoryError('TOOL_FAILED', `${program} failed with status ${exitCode ?? 'unknown'}`, {
        remedy:
          'Its last lines say why. A package that is not found may need newer lists: sudo apt-get update',
      });
    }
  }
  return true;
}

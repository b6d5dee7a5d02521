import { join, resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { CI_SERVICES } from '../../init/answers.ts';
import { projectFiles } from '../../init/project-files.ts';
import { NONE } from '../../init/questions.ts';
import { type KeptFile, writeProject } from '../../init/write-project.ts';
import { personAtTerminal } from '../ask.ts';
import { collectAnswers, type InitFlags } from '../collect-answers.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { programName } from '../program-name.ts';

/** `kairos-factory init`: writes the first files of a project. */
export function initCommand() {
  return new Command('init')
    .argument('[directory]', 'directory of the project', '.')
    .optionsGroup(GROUPS.system)
    .option('--flavor <name>', 'the distribution (default: debian)')
    .option('--artifact <kinds>', 'artifacts to make (default: oci,iso)')
    .option(
      '--kubernetes <name@version>',
      'Kubernetes distribution, such as k3s@v1.34.1+k3s1 (default: none)',
    )
    .optionsGroup(GROUPS.content)
    .option('--ssh-key <file>', 'public key that may log in to the nodes (default: the only one in ~/.ssh)')
    .addOption(
      new Option('--github <name>', 'name of your own account at GitHub, whose keys may log in').conflicts(
        'sshKey',
      ),
    )
    .addOption(
      new Option('--ci <service>', 'write a file for CI (default: none)').choices([...CI_SERVICES, NONE]),
    )
    .optionsGroup(GROUPS.general)
    .option('--json', 'print the written files as JSON on stdout')
    .action(async (directory, options) => {
      await presentReport(options, async () => {
        const files = projectFiles(await answersOf(options));
        const kept = await writeProject(directory, files);
        const written = files.filter(({ path }) => kept.every((file) => file.path !== path));
        const json = { directory, written: written.map(({ path }) => path), kept };
        return { json, text: render(directory, written, kept) };
      });
    });
}

async function answersOf(flags: InitFlags & { readonly json?: true | undefined }) {
  const asks = process.stdin.isTTY && process.stderr.isTTY && !flags.json;
  if (!asks) return collectAnswers(flags, undefined);
  using person = personAtTerminal();
  return await collectAnswers(flags, person);
}

function render(
  directory: string,
  written: readonly { readonly path: string; readonly purpose: string }[],
  kept: readonly KeptFile[],
): string {
  const typed = programName();
  const program = typed.includes('/') && directory !== '.' ? resolve(typed) : typed;
  const width = Math.max(...written.map(({ path }) => join(directory, path).length));
  return [
    'Written:',
    ...written.map(({ path, purpose }) => `  ${join(directory, path).padEnd(width)}  ${purpose}`),
    ...kept.map(({ path, missing }) =>
      missing.length === 0
        ? `Kept: ${join(directory, path)}`
        : `Kept: ${join(directory, path)}; add these lines to it: ${missing.join(' ')}`,
    ),
    'Next:',
    ...(directory === '.' ? [] : [`  cd ${directory}`]),
    `  ${program} build`,
    '',
  ].join('\n');
}

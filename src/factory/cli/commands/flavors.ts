import { writeFile } from 'node:fs/promises';
import { Command } from '@commander-js/extra-typings';
import { stringify } from 'yaml';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { unwritable } from '../../../common/errors/unwritable.ts';
import { ejectFlavor } from '../../catalog/flavors/eject.ts';
import { listFlavors, loadFlavor } from '../../catalog/flavors/load.ts';
import { FLAVORS, toolVersion } from '../../pipeline/project-files.ts';
import { GROUPS } from '../option-groups.ts';

/** `kairos-factory flavors [show NAME | eject NAME]`. */
export function flavorsCommand() {
  const command = new Command('flavors').action(async () => {
    for (const name of await listFlavors(FLAVORS)) {
      const { title, releases } = await loadFlavor(FLAVORS, name);
      process.stdout.write(`${name}  ${title}: ${Object.keys(releases).join(', ')}\n`);
    }
  });
  command.addCommand(
    new Command('show')
      .description('print a flavor or a flavor file, with everything that it inherits')
      .argument('<name>', 'a flavor, or the path of a flavor file')
      .action(async (name) => {
        process.stdout.write(stringify(await loadFlavor(FLAVORS, name)));
      }),
  );
  command.addCommand(
    new Command('eject')
      .description('copy a flavor, with everything that it inherits, to a single file for editing')
      .argument('<name>', 'a flavor, or the path of a flavor file')
      .optionsGroup(GROUPS.general)
      .option('--output <file>', 'file to create (default: standard output)')
      .action(async (name, { output }) => {
        const text = await ejectFlavor(FLAVORS, name, toolVersion());
        if (output === undefined) process.stdout.write(text);
        else await writeNew(output, text);
      }),
  );
  return command;
}

/** Writes a new file, and never overwrites one, which the user may have edited. */
async function writeNew(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw unwritable(error, `cannot write ${file}`, {
        remedy: 'Check the path and its permissions.',
      });
    throw new FactoryError('FILE_EXISTS', `${file} exists`, {
      remedy: 'Give another file, or remove it first.',
      cause: error,
    });
  });
}

import { Command } from '@commander-js/extra-typings';
import { stringify } from 'yaml';
import { listFlavors, loadFlavor } from '../../flavors/load.ts';
import { FLAVORS } from '../../pipeline/session.ts';

/** `kairos-factory flavors [show NAME]`. */
export function flavorsCommand() {
  const command = new Command('flavors').description('list the flavors').action(async () => {
    for (const name of await listFlavors(FLAVORS)) {
      const { title, releases } = await loadFlavor(FLAVORS, name);
      process.stdout.write(`${name}  ${title}: ${Object.keys(releases).join(', ')}\n`);
    }
  });
  command.addCommand(
    new Command('show')
      .description('print a flavor with all that it inherits')
      .argument('<name>')
      .exitOverride()
      .action(async (name) => {
        process.stdout.write(stringify(await loadFlavor(FLAVORS, name)));
      }),
  );
  return command;
}

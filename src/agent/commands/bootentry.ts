import { Command } from '@commander-js/extra-typings';
import type { BootState } from '../../common/contract/boot-state.ts';
import { LABEL } from '../../common/contract/labels.ts';
import { OEM_FILE } from '../../common/contract/partition-files.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { didYouMean } from '../../common/text/suggest.ts';
import { readGrubVariables, setGrubVariables } from '../boot/grub-environment-file.ts';
import { bootState } from '../config/boot-state.ts';
import { needLabel } from '../deploy/find-by-label.ts';
import { mountWritable } from '../deploy/mounts.ts';
import type { AgentCommand } from './agent-command.ts';

/** Entries of the boot menu (docs/contract.md 2.1), and the boot state of each. */
const ENTRIES: Readonly<Record<string, { title: string; state?: BootState }>> = {
  cos: { title: 'the active system', state: 'active_boot' },
  fallback: { title: 'the passive system', state: 'passive_boot' },
  recovery: { title: 'the recovery system', state: 'recovery_boot' },
  statereset: { title: 'the recovery system, resetting the node', state: 'autoreset_boot' },
};

/** `kairos-agent bootentry`. */
export const bootentryCommand: AgentCommand = ({ host, out }) =>
  new Command('bootentry')
    .description('list the entries of the boot menu, or select one for the next boot')
    .option('-s, --select <entry>', Object.keys(ENTRIES).join(', '))
    .option('--json', 'print JSON')
    .action(async (options) => {
      await using oem = await mountWritable(host, await needLabel(host, LABEL.oem), 'oem');
      const file = `${oem.path}/${OEM_FILE.grubEnvironment}`;
      const { select } = options;
      if (select !== undefined) {
        if (!Object.hasOwn(ENTRIES, select)) {
          throw new FactoryError(
            'OPTION_INVALID',
            `the boot menu has no entry "${select}"${didYouMean(select, Object.keys(ENTRIES))}`,
            {
              remedy: `Choose one of: ${Object.keys(ENTRIES).join(', ')}.`,
            },
          );
        }
        await setGrubVariables(host, file, { next_entry: select });
        out(
          options.json ? `${JSON.stringify({ next: select })}\n` : `The next boot starts ${select}, once.\n`,
        );
        return;
      }
      const variables = await readGrubVariables(host, file);
      const state = await bootState(host);
      const entries = Object.entries(ENTRIES).map(([name, entry]) => ({
        name,
        title: entry.title,
        current: entry.state === state,
        next: variables.get('next_entry') === name,
        default: (variables.get('saved_entry') ?? 'cos') === name,
      }));
      if (options.json) out(`${JSON.stringify(entries, null, 2)}\n`);
      else {
        for (const { name, title, ...is } of entries) {
          const marks = Object.entries(is).flatMap(([mark, holds]) => (holds ? [mark] : []));
          out(`${name.padEnd(15)} ${title}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}\n`);
        }
      }
    });

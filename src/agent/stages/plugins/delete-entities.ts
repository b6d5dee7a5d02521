import { removeRow } from '../../accounts/account-table.ts';
import { ENTITY_FILE, nameOf, parseEntity } from '../../accounts/entity.ts';
import { writeTable } from '../../accounts/table-file.ts';
import { forEachEntry } from '../each-entry.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `delete_entities`: removes the row with the kind and name of each entity; missing rows are ignored.
 *
 * @throws FactoryError `usage` for an entity that is not valid
 */
export const deleteEntitiesPlugin: Plugin<'delete_entities'> = {
  key: 'delete_entities',
  run: ({ host }, entities) =>
    forEachEntry(entities, async ({ path, entity: text }) => {
      const entity = parseEntity(text);
      const file = path ?? ENTITY_FILE[entity.kind];
      const table = await host.readText(file);
      if (table !== undefined)
        await writeTable(host, file, { before: table, after: removeRow(table, nameOf(entity)) });
    }),
};

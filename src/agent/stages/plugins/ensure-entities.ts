import { setRow } from '../../accounts/account-table.ts';
import { ENTITY_FILE, entityRow, parseEntity } from '../../accounts/entity.ts';
import { writeTable } from '../../accounts/table-file.ts';
import { forEachEntry } from '../each-entry.ts';
import type { Plugin } from '../plugin.ts';

const DAY = 24 * 60 * 60 * 1000;

/**
 * `ensure_entities`: writes each entity as a row of passwd(5), shadow(5), group(5) or gshadow(5), in its default file or in
 * `path`; it replaces a row of the same name.
 *
 * @throws FactoryError `usage` for an entity that is not valid
 */
export const ensureEntitiesPlugin: Plugin<'ensure_entities'> = {
  key: 'ensure_entities',
  run: ({ host }, entities) =>
    forEachEntry(entities, async ({ path, entity: text }) => {
      const entity = parseEntity(text);
      const file = path ?? ENTITY_FILE[entity.kind];
      const table = await host.readText(file);
      const row = entityRow(entity, {
        table: table ?? '',
        groups: (await host.readText('/etc/group')) ?? '',
        today: Math.floor(host.now().getTime() / DAY),
      });
      await writeTable(host, file, { before: table, after: setRow(table ?? '', row) });
    }),
};

import { z } from 'zod';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { yamlData } from '../../common/text/yaml-document.ts';
import { findRow, isField, rowsOf } from './account-table.ts';

/** The value of a field: a number or text; it may be absent. */
const Cell = z.union([z.string(), z.number()]).optional();
/** A list of names: comma-separated text, or a YAML list. */
const Names = z.union([z.string(), z.array(z.string())]).optional();

const EntityText = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('user'),
    username: z.string(),
    password: Cell,
    uid: Cell,
    gid: Cell,
    group: z.string().optional(),
    info: Cell,
    homedir: Cell,
    shell: Cell,
  }),
  z.object({
    kind: z.literal('shadow'),
    username: z.string(),
    password: Cell,
    last_changed: Cell,
    minimum_changed: Cell,
    maximum_changed: Cell,
    warn: Cell,
    inactive: Cell,
    expire: Cell,
  }),
  z.object({ kind: z.literal('group'), group_name: z.string(), password: Cell, gid: Cell, users: Names }),
  z.object({
    kind: z.literal('gshadow'),
    name: z.string(),
    password: Cell,
    administrators: Names,
    members: Names,
  }),
]);
export type Entity = z.output<typeof EntityText>;

/** The account file of each kind of entity. */
export const ENTITY_FILE: Readonly<Record<Entity['kind'], string>> = {
  user: '/etc/passwd',
  shadow: '/etc/shadow',
  group: '/etc/group',
  gshadow: '/etc/gshadow',
};

/** All fields are text, as in Go's structure: the password 012 stays 012. */
const ENTITY_YAML = { code: 'ACCOUNT_INVALID', dialect: { schema: 'failsafe' }, firstOnly: true } as const;

/**
 * Parses an entity from its YAML text (docs/contract.md 4.7), in the format of upstream's entities library.
 *
 * @throws FactoryError `usage` when the text is not an entity
 */
export function parseEntity(text: string): Entity {
  try {
    return EntityText.parse(yamlData('entity', text, ENTITY_YAML));
  } catch (error) {
    throw new FactoryError('ACCOUNT_INVALID', `An entity is not valid: ${reasonOf(error)}`, {
      remedy: 'Write it as YAML text: kind (user, shadow, group or gshadow) and the fields of that kind.',
      cause: error,
    });
  }
}

/** The name that identifies an entity's row. */
export function nameOf(entity: Entity): string {
  switch (entity.kind) {
    case 'group':
      return entity.group_name;
    case 'gshadow':
      return entity.name;
    default:
      return entity.username;
  }
}

/** What a row depends on, apart from the entity. */
export interface EntityContext {
  /** Content of the file that the row goes to. */
  readonly table: string;
  /** Content of group(5), which resolves the name of a user's group. */
  readonly groups: string;
  /** Days since 1970, for `last_changed: now`. */
  readonly today: number;
}

/**
 * The row of an entity: passwd(5), shadow(5), group(5), gshadow(5). An id that is absent or -1 is taken from the existing
 * row, or else is the highest free one from 999 down, as `useradd --system` chooses it.
 *
 * @throws FactoryError `usage` for an unknown group, and for values with a colon or a line break
 */
export function entityRow(entity: Entity, context: EntityContext): string[] {
  const row = fieldsOf(entity, idOf(entity, context.table), context);
  const bad = row.find((field) => !isField(field));
  if (bad === undefined && nameOf(entity) !== '') return row;
  throw new FactoryError(
    'ACCOUNT_INVALID',
    `The ${entity.kind} "${nameOf(entity)}" has an empty name, or a value with a colon or a line break`,
    {
      remedy: 'Give a name, and remove colons and line breaks from names and values.',
    },
  );
}

function fieldsOf(entity: Entity, id: number, { groups, today }: EntityContext): string[] {
  switch (entity.kind) {
    case 'user': {
      const { username, password = 'x', info, homedir, shell } = entity;
      const gid = entity.group === undefined ? (entity.gid ?? id) : gidOf(entity.group, groups);
      return [username, text(password), text(id), text(gid), text(info), text(homedir), text(shell)];
    }
    case 'shadow': {
      const { username, password = '!', last_changed, minimum_changed, maximum_changed } = entity;
      const changed = last_changed === 'now' ? today : last_changed;
      const limits = [changed, minimum_changed, maximum_changed, entity.warn, entity.inactive, entity.expire];
      return [username, text(password), ...limits.map(text), ''];
    }
    case 'group':
      return [entity.group_name, text(entity.password ?? 'x'), text(id), list(entity.users)];
    case 'gshadow':
      return [entity.name, text(entity.password ?? '!'), list(entity.administrators), list(entity.members)];
  }
}

/** The id of a user or group; the other kinds do not use it. */
function idOf(entity: Entity, table: string): number {
  const wanted = entity.kind === 'user' ? entity.uid : entity.kind === 'group' ? entity.gid : undefined;
  if (wanted !== undefined && Number(wanted) >= 0) return Number(wanted);
  const there = findRow(table, nameOf(entity))?.[2];
  if (there !== undefined && /^\d+$/.test(there)) return Number(there);
  const taken = new Set(rowsOf(table).map(([, , id]) => Number(id)));
  let free = 999;
  while (taken.has(free)) free--;
  return free;
}

function gidOf(group: string, groups: string): string {
  const gid = findRow(groups, group)?.[2];
  if (gid !== undefined) return gid;
  throw new FactoryError('ACCOUNT_INVALID', `The group ${group} does not exist`, {
    remedy: 'Create it with an earlier entity.',
  });
}

function text(cell: string | number | undefined): string {
  return cell === undefined ? '' : String(cell);
}

function list(names: string | readonly string[] | undefined): string {
  return names === undefined || typeof names === 'string'
    ? (names ?? '').replaceAll(' ', '')
    : names.join(',');
}

function reasonOf(error: unknown): string {
  return error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
}

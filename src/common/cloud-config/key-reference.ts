import { changeKey, type JsonSchema } from './json-schema.ts';
import { STAGE_NAMES } from './stage-names.ts';
import { UNSUPPORTED_KEYS, type UnsupportedKey } from './unsupported-keys.ts';

type Row = readonly [key: string, type: string, meaning: string];

const INTRO = `# Cloud-config

A cloud-config says what a node is to be: its accounts, files and services, how it is installed, and what runs at which
moment. This page is generated from the schema in \`src/common/cloud-config\`: \`npm run docs\` writes it again. The same as JSON
Schema, for editors: [cloud-config.schema.json](cloud-config.schema.json).

\`\`\`yaml
#cloud-config
hostname: node-{{ trunc 4 .MachineID }}
users:
  - name: kairos
    groups: [admin]
    ssh_authorized_keys: ["github:octocat"]
install:
  auto: true
  device: auto
  reboot: true
stages:
  boot:
    - name: greet
      commands:
        - echo hello
\`\`\`

## The file

- One of its first ten lines is \`#cloud-config\`, \`#kairos-config\` or \`#node-config\`; its name ends in \`.yaml\` or
  \`.yml\`; it has at most 1 MiB.
- It is one document of YAML 1.2 with merge keys (\`<<\`). \`0644\` and \`0o644\` are octal; \`yes\`, \`no\`, \`on\` and \`off\`
  are words, not truth values. A key that is there twice is an error.
- A key without a value says nothing. In a configuration that is merged over another one, it resets the key.
- A text that begins with a template expression has to be in quotes: \`hostname: "{{ .Random }}"\`.

## Checking

\`\`\`sh
kairos-factory validate config.yaml
kairos-factory validate --strict --json config.yaml
\`\`\`

Findings name \`file:line:column\`. Errors are what a node would fail at: values of a wrong type, a missing
administrator, partitions that cannot be. Unknown keys and stages that nothing runs are warnings, because other programs
may read them; \`--strict\` makes errors of them. Where there are errors, the exit code is 5. \`build\` and \`artifacts\` refuse
a \`--cloud-config\` with errors before they build anything.

- Where there is \`install\`, one user has to be in the group \`admin\`, in \`users\` or in a step, unless
  \`install.nousers\` is true. With \`config_url\` this is left to the node.
- Keys that upstream Kairos knows and this agent does not honour are errors, with the reason and the alternative:
  [below](#keys-that-are-not-supported). A node warns of them and skips them.
- One partition at most takes the rest of the disk, with size 0. \`persistent\` does when it has no size.

## Merging

A node merges its configurations in the order in which it reads them: maps merge key by key, lists of maps are
concatenated, lists of scalars are united without duplicates, all else is replaced by what comes later.
On the kernel command line, \`kairos.config=a.b.0.c=value\` sets a key; numbers index lists.
`;

const STAGES_INTRO = `Steps run in the order in which they are written. Each of these stages has a \`.before\` and an \`.after\` besides:`;

const STEPS_INTRO = `A step runs when all of its conditions hold. What it does is done in the order of this table, whatever the order in
the file. \`commands\`, \`files\`, \`if\`, \`environment\` and \`hostname\` may have template expressions.`;

const CLOUD_INIT = `The keys of cloud-init become steps that run before the file's own: \`hostname\` in the stage \`initramfs\`; in \`boot\`, in
this order, \`growpart\`, \`users\`, \`ssh_authorized_keys\`, \`write_files\` and \`runcmd\`. SSH keys that have to be fetched
(\`github:NAME\`, \`gitlab:NAME\`, URLs) are added in \`network\`.`;

const UNSUPPORTED_INTRO = `Upstream Kairos knows these keys; the agent of this project does not honour them. \`validate\` and \`build\` refuse them
where they ask for something: \`false\`, \`0\` and empty values pass. A build with \`--framework kairos-init\` takes them, because
upstream's agent reads them; \`artifacts\` warns, because it does not know whose agent the image has. A node logs a warning and
goes on, unless the last column names what it refuses to do.`;

/** The reference of the dialect as a page in Markdown, generated from its JSON Schema and the table of unsupported keys. */
export function cloudConfigReference(whole: JsonSchema): string {
  const schema = withoutUnsupported(whole);
  const keys = Object.entries(schema.properties ?? {});
  const structured = keys.filter(([key, value]) => key !== 'stages' && rowsBelow(value, '').length > 0);
  const overview = keys.map(([key, value]): Row => {
    const [, type, meaning] = rowOf(key, value, false);
    const linked = key === 'stages' || structured.some(([name]) => name === key);
    return [linked ? `[\`${key}\`](#${key})` : `\`${key}\``, type, meaning];
  });
  const stages = STAGE_NAMES.map((name) => `- \`${name}\``);
  return [
    INTRO,
    `## Keys\n\n${table(overview)}\n\n${CLOUD_INIT}\n`,
    ...structured.map(([key, value]) => `## ${key}\n\n${table(rowsBelow(value, ''))}\n`),
    `## stages\n\n${STAGES_INTRO}\n\n${stages.join('\n')}\n`,
    `## Steps\n\n${STEPS_INTRO}\n\n${table(rowsBelow(schema.properties?.['stages'] ?? {}, ''))}\n`,
    `## Keys that are not supported\n\n${UNSUPPORTED_INTRO}\n\n${table(UNSUPPORTED_KEYS.map(unsupportedRow), UNSUPPORTED_HEAD)}\n`,
  ].join('\n');
}

const UNSUPPORTED_HEAD = ['key', 'reason', 'alternative', 'a node refuses to'];

function unsupportedRow({ path, reason, alternative, stops = [], when }: UnsupportedKey): string[] {
  const name = path.join('.').replaceAll('.*', '[]');
  return [`\`${name}\`${when ? ' (some values)' : ''}`, reason, alternative, stops.join(', ')];
}

/** The schema without the keys that have no effect. */
function withoutUnsupported(schema: JsonSchema): JsonSchema {
  const paths = UNSUPPORTED_KEYS.filter(({ when }) => when === undefined).map(({ path }) => path);
  return paths.reduce<JsonSchema>((left, path) => changeKey(left, path, () => undefined), schema);
}

/** Rows of everything inside of a value: `a.b`, `list[].a`. */
function rowsBelow(schema: JsonSchema, prefix: string): Row[] {
  const inner = structureOf(schema);
  const required = new Set(inner?.required);
  return Object.entries(inner?.properties ?? {}).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    const below = rowsBelow(value, `${name}${suffixOf(value)}.`);
    const own = rowOf(name, value, required.has(key));
    const row: Row = [`\`${name}\``, own[1], own[2]];
    // A map that has only parts to show needs no row of its own.
    return below.length > 0 && own[2] === '' ? below : [row, ...below];
  });
}

/** The map with fixed keys inside of lists, free maps and alternatives. */
function structureOf(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties) return schema;
  const free = schema.additionalProperties;
  const inner = [schema.items, free === false ? undefined : free, ...(schema.anyOf ?? [])];
  return inner.map((option) => option && structureOf(option)).find((option) => option !== undefined);
}

function suffixOf(schema: JsonSchema): string {
  if (schema.properties) return '';
  return schema.type === 'array' ? '[]' : '.NAME';
}

function rowOf(key: string, schema: JsonSchema, required: boolean): Row {
  const notes = [schema.description, required && 'Required.', schema.deprecated && 'Deprecated.'];
  return [key, typeOf(schema), notes.filter(Boolean).join(' ')];
}

function typeOf(schema: JsonSchema, several = false): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map((option) => typeOf(option, several)))].join(' or ');
  if (Array.isArray(schema.type)) {
    return typeOf({ anyOf: schema.type.map((type: string) => ({ type })) }, several);
  }
  switch (schema.type) {
    case 'string':
      return several ? 'texts' : 'text';
    case 'boolean':
      return several ? 'truth values' : '`true`, `false`';
    case 'integer':
      return several ? 'whole numbers' : 'whole number';
    case 'number':
      return several ? 'numbers' : 'number';
    case 'array':
      return `${several ? 'lists' : 'list'} of ${typeOf(schema.items ?? {}, true)}`;
    case 'object':
      return mapType(schema, several ? 'maps' : 'map');
    default:
      return 'anything';
  }
}

function mapType(schema: JsonSchema, word: string): string {
  const free = schema.additionalProperties;
  return schema.properties || !free || !(free.type ?? free.anyOf) ? word : `${word} of ${typeOf(free, true)}`;
}

const KEY_HEAD = ['key', 'type', 'meaning'];

function table(rows: readonly (readonly string[])[], head: readonly string[] = KEY_HEAD): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

import { changeKey, type JsonSchema } from './json-schema.ts';
import { STAGE_NAMES } from './stage-names.ts';
import { UNSUPPORTED_KEYS, type UnsupportedKey } from './unsupported-keys.ts';

type Row = readonly [key: string, type: string, meaning: string];

const INTRO = `# Cloud-config

A cloud-config describes a node: its accounts, files and services, how it is installed, and which commands run at which stage.
This page is generated from the schema in \`src/common/cloud-config\` by \`npm run docs\`. For editors, the same schema as JSON
Schema: [cloud-config.schema.json](cloud-config.schema.json).

\`\`\`yaml
#cloud-config
hostname: node-{{ trunc 4 .MachineID }}
users:
  - name: kairos
    groups: [admin]
    ssh_authorized_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKxyYRLZwYLB5Lzw7pO6GrOckCMdCD0OKSCIb0/63g7u your-own-key"]
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

- One of the first ten lines is \`#cloud-config\`, \`#kairos-config\` or \`#node-config\`; the file name ends in \`.yaml\` or
  \`.yml\`; the size is at most 1 MiB.
- Of a file without such a line, a node runs only the \`stages\`.
- The file is a YAML 1.2 document; merge keys (\`<<\`) are supported. \`0644\` and \`0o644\` are octal. A duplicate key is an error.
  A node reads only the first of several documents.
- Keys with truth values also accept \`yes\`, \`no\`, \`on\`, \`off\`, \`y\` and \`n\`. In keys with text, these are text, and numbers keep all
  their digits: \`passwd: 012345\` is the password 012345.
- A key without a value is ignored. In a configuration that is merged over another one, it resets the key.
- A string that begins with a template expression must be quoted: \`hostname: "{{ .Random }}"\`.

## Checking

\`\`\`sh
kairos-factory validate config.yaml
kairos-factory validate --strict --json config.yaml
\`\`\`

Findings have the location \`file:line:column\`. Errors are problems that would make a node fail: values of the wrong type, a
missing administrator, impossible partitions. Unknown keys, and stages that nothing runs, are warnings, because other programs
may read them; \`--strict\` turns them into errors. With errors, the exit code is 5; with warnings alone it is 0, so that a
configuration for several programs passes. Use \`--strict\` in a CI. \`build\` and \`artifacts\` refuse
a \`--cloud-config\` with errors before they build anything.

- Warnings are also given for what keeps people out of a node, or lets others in: an administrator without a password and an SSH
  key, a password in clear text, an SSH key that was cut short, and a mode such as \`644\`, which YAML reads as a decimal number.
- With \`install\`, one user must be in the group \`admin\`, in \`users\` or in a step, unless
  \`install.nousers\` is true. With \`config_url\`, the node checks this.
- Keys of upstream Kairos that this agent does not support are errors, with the reason and the alternative:
  [below](#keys-that-are-not-supported). A node warns about them and skips them.
- At most one partition takes the rest of the disk, with size 0. \`persistent\` does if it has no size.

## Merging

A node merges its configurations in the order in which it reads them: maps merge key by key, lists of maps are
concatenated, lists of scalars are united without duplicates, and any other value is replaced by the later one.
On the kernel command line, \`kairos.config=a.b.0.c=value\` sets a key; numbers index lists.
`;

const STAGES_INTRO = `Steps run in the order of the file. Each of these stages also has a \`.before\` and an \`.after\`:`;

const STEPS_INTRO = `A step runs if all of its conditions hold. Its actions run in the order of this table, regardless of the order in
the file. \`commands\`, \`files\`, \`if\`, \`environment\` and \`hostname\` may contain template expressions; text that cannot be
rendered stays as it is. A wrong entry, such as a file with an unknown encoding, does not affect the other entries.`;

const CLOUD_INIT = `The keys of cloud-init become steps that run before the file's own: \`hostname\` in the stage \`initramfs\`; in \`boot\`, in
this order, \`growpart\`, \`users\`, \`ssh_authorized_keys\`, \`write_files\` and \`runcmd\`. SSH keys that have to be fetched
(\`github:NAME\`, \`gitlab:NAME\`, URLs) are added in \`network\`.`;

const UNSUPPORTED_INTRO = `These keys of upstream Kairos are not supported by this project's agent. \`validate\` and \`build\` refuse them
if they have an effect: \`false\`, \`0\` and empty values are accepted. A build with \`--framework kairos-init\` accepts them, because
upstream's agent reads them; \`artifacts\` warns, because it cannot know which agent the image has. A node logs a warning and
continues, unless the last column names an operation that it refuses.`;

/** Generates the Markdown reference of the dialect from its JSON Schema and the table of unsupported keys. */
export function cloudConfigReference(whole: JsonSchema): string {
  const schema = withoutUnsupported(whole);
  const keys = Object.entries(schema.properties ?? {});
  const structured = keys.filter(([key, value]) => key !== 'stages' && rowsBelow(value, '').length > 0);
  const overview = keys.map(([key, value]): Row => {
    const [, type, meaning] = rowOf(key, value, { isRequired: false });
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

/** The rows for all keys nested in a value: `a.b`, `list[].a`. */
function rowsBelow(schema: JsonSchema, prefix: string): Row[] {
  const inner = structureOf(schema);
  const required = new Set(inner?.required);
  return Object.entries(inner?.properties ?? {}).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    const below = rowsBelow(value, `${name}${suffixOf(value)}.`);
    const own = rowOf(name, value, { isRequired: required.has(key) });
    const row: Row = [`\`${name}\``, own[1], own[2]];
    // A map without a description of its own needs no row beside those of its keys.
    return below.length > 0 && own[2] === '' ? below : [row, ...below];
  });
}

/** The map with fixed keys that is nested in lists, free maps and alternatives. */
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

function rowOf(key: string, schema: JsonSchema, { isRequired }: { readonly isRequired: boolean }): Row {
  const notes = [schema.description, isRequired && 'Required.', schema.deprecated && 'Deprecated.'];
  return [key, typeOf(schema), notes.filter(Boolean).join(' ')];
}

interface TypeOptions {
  /** Whether the type is named in the plural, as in a list of it. */
  readonly isPlural?: boolean;
}

function typeOf(schema: JsonSchema, options: TypeOptions = {}): string {
  const { isPlural = false } = options;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map((option) => typeOf(option, options)))].join(' or ');
  if (Array.isArray(schema.type)) {
    return typeOf({ anyOf: schema.type.map((type: string) => ({ type })) }, options);
  }
  switch (schema.type) {
    case 'string':
      return isPlural ? 'texts' : 'text';
    case 'boolean':
      return isPlural ? 'truth values' : '`true`, `false`';
    case 'integer':
      return isPlural ? 'whole numbers' : 'whole number';
    case 'number':
      return isPlural ? 'numbers' : 'number';
    case 'array':
      return `${isPlural ? 'lists' : 'list'} of ${typeOf(schema.items ?? {}, { isPlural: true })}`;
    case 'object':
      return mapType(schema, isPlural ? 'maps' : 'map');
    default:
      return 'anything';
  }
}

function mapType(schema: JsonSchema, word: string): string {
  const free = schema.additionalProperties;
  return schema.properties || !free || !(free.type ?? free.anyOf)
    ? word
    : `${word} of ${typeOf(free, { isPlural: true })}`;
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

import { TEMPLATE_FUNCTIONS } from './functions.ts';

const INTRO = `<!-- Written by scripts/generate-docs.ts from src/common/cloud-config/template/functions.ts: change it there. -->
# Templates

Texts of a cloud-config are [Go templates](https://pkg.go.dev/text/template): \`commands\`, \`files\`, \`if\`,
\`environment\` and \`hostname\`. \`kairos-agent render-template -f FILE\` prints what a template comes to on a node.

\`\`\`yaml
stages:
  initramfs:
    - hostname: 'node-{{ trunc 4 .MachineID }}'
    - if: '[ "{{ .Values.os.vendor }}" = ubuntu ]'
      files:
        - path: /etc/motd
          content: |
            {{- range .Values.network }}
            {{ .name }} {{ .macaddress | upper }}
            {{- end }}
\`\`\`

## Values

| Name | What it is |
| --- | --- |
| \`.Values.node\` | \`hostname\`, \`machineid\`, \`hypervisor\`, \`timezone\` |
| \`.Values.os\` | \`name\`, \`vendor\`, \`version\`, \`release\`, \`architecture\` |
| \`.Values.kernel\` | \`release\`, \`version\`, \`architecture\` |
| \`.Values.product\` | \`name\`, \`vendor\`, \`version\`, \`serial\`, \`uuid\`, \`sku\` |
| \`.Values.board\` | \`name\`, \`vendor\`, \`version\`, \`serial\`, \`assettag\` |
| \`.Values.chassis\` | \`type\`, \`vendor\`, \`version\`, \`serial\`, \`assettag\` |
| \`.Values.bios\` | \`vendor\`, \`version\`, \`date\` |
| \`.Values.cpu\` | \`vendor\`, \`model\`, \`speed\` (MHz), \`cache\` (KB), \`cpus\`, \`cores\`, \`threads\` |
| \`.Values.memory\` | \`size\` (MB) |
| \`.Values.storage\` | list of \`name\`, \`driver\`, \`vendor\`, \`model\`, \`serial\`, \`size\` (GB) |
| \`.Values.network\` | list of \`name\`, \`driver\`, \`macaddress\`, \`speed\` (Mbit/s) |
| \`.MachineID\` | \`/etc/machine-id\`; empty before there is one |
| \`.UUID\` | UUID of the firmware, else one made from the machine id |
| \`.ProtectedID\` | an id of this machine that does not give away its machine id |
| \`.Random\` | 32 random hexadecimal digits |

What a machine does not tell is left out, and prints \`<no value>\`: \`{{ .Values.product.uuid | default "none" }}\`.

## What differs from Go

- Whole and other numbers are one type: \`eq 1 1.0\` is true, and \`div\` and the like cut both.
- \`substr\`, \`trunc\` and \`slice\` count characters instead of bytes.
- \`date\` works in UTC. Keys of maps are always sorted.
- \`b64dec\` and \`fromYaml\` fail for a text that is wrong.
- A template makes at most 10 MiB, and ends with an error when it does not come to an end.

## Functions

Besides those of Go, they are those of [Sprig](https://masterminds.github.io/sprig/) and Helm that configurations use.
`;

/** The page on templates, docs/templates.md. */
export function templateReference(): string {
  const rows = TEMPLATE_FUNCTIONS.map(({ name, description }) => `| \`${name}\` | ${description} |`);
  return [INTRO, '| Function | What it gives |', '| --- | --- |', ...rows, ''].join('\n');
}

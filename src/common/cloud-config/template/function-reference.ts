import { TEMPLATE_FUNCTIONS } from './functions.ts';

const INTRO = `<!-- Written by scripts/generate-docs.ts from src/common/cloud-config/template/functions.ts: change it there. -->
# Templates

Texts of a cloud-config are [Go templates](https://pkg.go.dev/text/template): \`commands\`, \`files\`, \`if\`,
\`environment\` and \`hostname\`. \`kairos-agent render-template -f FILE\` prints the result of a template on a node.

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

| Name | Content |
| --- | --- |
| \`.Values.sysinfo\` | \`version\`, \`timestamp\` |
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
| \`.MachineID\` | \`/etc/machine-id\`; empty until it exists |
| \`.UUID\` | the firmware's UUID, or else one derived from the machine id |
| \`.ProtectedID\` | an id of this machine that does not reveal its machine id |
| \`.Random\` | 32 random hexadecimal digits |

Values that a machine does not report are missing, and print \`<no value>\`: \`{{ .Values.product.uuid | default "none" }}\`.

## What differs from Go

- Integers and floating-point numbers are one type: \`eq 1 1.0\` is true, and functions such as \`div\` truncate both.
- \`semver\` yields a map. A function that is not supported fails, with the reason.
- \`substr\`, \`trunc\` and \`slice\` count characters instead of bytes.
- \`date\`, \`htmlDate\` and \`toDate\` work in UTC. Keys of maps are always sorted.
- \`b64dec\` and \`fromYaml\` fail for invalid input.
- The output of a template is at most 10 MiB. A template that does not terminate ends with an error.

## Functions

Available are the functions of Go and of [Sprig](https://masterminds.github.io/sprig/), and those of Helm that configurations use.
Functions whose name begins with \`must\` fail for what they cannot use; here, the others do so, too.
`;

/** Generates docs/templates.md. */
export function templateReference(): string {
  const rows = TEMPLATE_FUNCTIONS.map(({ name, description }) => `| \`${name}\` | ${description} |`);
  return [INTRO, '| Function | Result |', '| --- | --- |', ...rows, ''].join('\n');
}

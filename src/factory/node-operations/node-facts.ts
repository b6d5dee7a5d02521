import { nodeText } from '../rollout/observation.ts';

/** Variables of the release file that become labels of the node. */
const VARIABLES: Readonly<Record<string, string>> = {
  KAIROS_ID: 'id',
  KAIROS_FAMILY: 'family',
  KAIROS_FLAVOR: 'flavor',
  KAIROS_FLAVOR_RELEASE: 'flavor-release',
  KAIROS_VARIANT: 'variant',
  KAIROS_RELEASE: 'release',
  KAIROS_MODEL: 'model',
  KAIROS_ARCH: 'arch',
  KAIROS_TRUSTED_BOOT: 'trusted-boot',
  KAIROS_FIPS: 'fips',
  KAIROS_SOFTWARE_VERSION_PREFIX: 'software-version-prefix',
  KAIROS_SOFTWARE_VERSION: 'software-version',
};
const BOOT_STATES = ['active', 'passive', 'recovery', 'livecd'];
const LONGEST = 63;

/** All labels that come from a node, so that those it has no more are removed. */
export const FACT_LABELS: readonly string[] = ['managed', ...Object.values(VARIABLES), 'boot-state'].map(
  (name) => `kairos.io/${name}`,
);

/** Prints what `parseNodeFacts` reads: the boot, the boot state, and the release file of a node whose filesystem is at `HOST_DIR`. */
export const FACTS_SCRIPT = `set -u
: "\${TERMINATION_LOG:=/dev/termination-log}" "\${BOOT_ID:=/proc/sys/kernel/random/boot_id}"
state=unknown
for name in active passive recovery; do
  if [ -e "$HOST_DIR/run/cos/\${name}_mode" ]; then state=$name; fi
done
if [ -e "$HOST_DIR/run/cos/live_mode" ]; then state=livecd; fi
{
  echo "boot=$(cat "$BOOT_ID")"
  echo "state=$state"
  for file in "$HOST_DIR/etc/kairos-release" "$HOST_DIR/etc/os-release"; do
    if grep -q '^KAIROS_' "$file" 2>/dev/null; then
      grep -E '^KAIROS_[A-Z_]{1,40}=.{0,100}$' "$file" | head -n 40 | cut -c 1-90
      break
    fi
  done
} >"$TERMINATION_LOG"
`;

/** What a node says about itself. */
export interface NodeFacts {
  readonly bootId: string;
  /** Empty for a node that is not one of Kairos. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Parses what a node printed. @returns `undefined` for another text */
export function parseNodeFacts(text: string): NodeFacts | undefined {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^([A-Za-z_]+)=["']?(.*?)["']?$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, labelText(value));
  }
  const bootId = values.get('boot');
  if (!bootId) return undefined;
  const found = Object.entries(VARIABLES).flatMap(([variable, name]) => {
    const value = values.get(variable);
    return value ? [[`kairos.io/${name}`, value] as const] : [];
  });
  if (found.length === 0) return { bootId, labels: {} };
  const state = values.get('state') ?? '';
  const labels = {
    'kairos.io/managed': 'true',
    'kairos.io/boot-state': BOOT_STATES.includes(state) ? state : 'unknown',
  };
  return { bootId, labels: { ...labels, ...Object.fromEntries(found) } };
}

/** A text as the value of a label: other characters become `-`. */
function labelText(text: string): string {
  return nodeText(text)
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, LONGEST)
    .replaceAll(/^[._-]+|[._-]+$/g, '');
}

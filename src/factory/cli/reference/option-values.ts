import { ARCHES } from '../../../common/contract/architectures.ts';
import { LIFE_EVENTS } from '../../../common/trust/proof.ts';
import { PREDICATES } from '../../../common/trust/verify-attestations.ts';
import { ARTIFACT_KINDS, FILE_KINDS } from '../../config/artifact-kinds.ts';
import { ENGINES } from '../../config/engines.ts';
import { SEVERITIES } from '../../config/fail-on.ts';
import { FIRMWARES } from '../../config/prove.ts';
import { COMPRESSIONS, OCI_COMPRESSIONS } from '../../config/schema.ts';

/** What an option or an argument takes, for completion. */
export type Values =
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' }
  /** Anything: nothing is completed. */
  | { readonly kind: 'text' }
  /** Known words; several, separated by commas, when it is a list. */
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly isList: boolean }
  /** Words that come from the data of the program. */
  | { readonly kind: 'catalog'; readonly of: CatalogWords; readonly isList: boolean };

/** Names in the catalog. */
export type CatalogWords =
  | 'flavors'
  | 'releases'
  | 'kernels'
  | 'package-sets'
  | 'models'
  | 'kubernetes'
  | 'commands';

const FILE: Values = { kind: 'file' };
const DIRECTORY: Values = { kind: 'directory' };
const TEXT: Values = { kind: 'text' };
/** An image: a file, a directory, or the name of an image in a registry. */
const IMAGE = FILE;
const one = (words: readonly string[]): Values => ({ kind: 'words', words, isList: false });
const several = (words: readonly string[]): Values => ({ kind: 'words', words, isList: true });
const known = (of: CatalogWords): Values => ({ kind: 'catalog', of, isList: false });

/** What options take, by their name; with a command before it where that one differs from the others. Choices of commander need no row. */
export const OPTION_VALUES: Readonly<Record<string, Values>> = {
  '--above': IMAGE,
  '--address': TEXT,
  '--arch': one(ARCHES),
  '--artifact': several(ARTIFACT_KINDS),
  '--artifacts': several(['all', ...FILE_KINDS]),
  '--attest': TEXT,
  '--attestation': several(Object.keys(PREDICATES)),
  '--base': IMAGE,
  '--builder': TEXT,
  '--builder-tls': DIRECTORY,
  '--cache-from': TEXT,
  '--cache-to': TEXT,
  '--certificate': FILE,
  '--checks': FILE,
  '--budget': TEXT,
  '--cloud-config': FILE,
  '--command-image': TEXT,
  '--compare': IMAGE,
  '--compression': one(COMPRESSIONS),
  '--config': FILE,
  '--containerfile': FILE,
  '--containerfile-context': DIRECTORY,
  '--containerfile-stage': one(['before', 'after']),
  '--cores': TEXT,
  '--dhcp-range': TEXT,
  '--disk': FILE,
  '--engine': one(ENGINES),
  '--evidence': DIRECTORY,
  '--fail-on': one(SEVERITIES),
  'boot --firmware': one(FIRMWARES),
  '--firmware': several(FIRMWARES),
  '--flavor': known('flavors'),
  '--forward': TEXT,
  '--framework': one(['builtin', 'kairos-init']),
  '--framework-source': FILE,
  '--framework-version': TEXT,
  '--from': IMAGE,
  '--github': TEXT,
  '--helper-image': TEXT,
  '--http-port': TEXT,
  '--identity': TEXT,
  '--image': IMAGE,
  '--interface': TEXT,
  '--issuer': TEXT,
  '--kernel': known('kernels'),
  '--kernel-from': IMAGE,
  '--key': FILE,
  '--kubeconfig': FILE,
  '--kubernetes': known('kubernetes'),
  '--lease': TEXT,
  '--level': TEXT,
  '--life': several(LIFE_EVENTS),
  '--lock-file': FILE,
  '--max-builds': TEXT,
  '--max-size': TEXT,
  '--memory': TEXT,
  '--metrics': TEXT,
  '--model': known('models'),
  '--mount-from': TEXT,
  '--namespace': TEXT,
  '--oci-compression': one(OCI_COMPRESSIONS),
  '--older-than': TEXT,
  '--only': TEXT,
  '--os-release-id': TEXT,
  '--os-release-version': TEXT,
  '--output': DIRECTORY,
  'flavors eject --output': FILE,
  '--overlay-iso': DIRECTORY,
  '--overlay-rootfs': DIRECTORY,
  '--package-sets': { kind: 'catalog', of: 'package-sets', isList: true },
  '--password-env': TEXT,
  '--password-file': FILE,
  '--persist': FILE,
  '--policy': FILE,
  '--port': TEXT,
  '--previous': DIRECTORY,
  '--probes': TEXT,
  '--prove': several(LIFE_EVENTS),
  '--push': TEXT,
  '--release': known('releases'),
  '--require-proof': several(LIFE_EVENTS),
  '--set': TEXT,
  '--sign': FILE,
  '--sign-key': FILE,
  '--signing-config': FILE,
  '--snapshot': TEXT,
  '--ssh-key': FILE,
  '--ssh-port': TEXT,
  '--state': DIRECTORY,
  '--summary': FILE,
  '--tag': TEXT,
  '--timeout': TEXT,
  '--to': TEXT,
  '--trust-policy': FILE,
  '--trusted-root': FILE,
  '--user': TEXT,
  '--version': TEXT,
};

/** What the arguments of commands take. */
export const ARGUMENT_VALUES: Readonly<Record<string, Values>> = {
  'boot <artifact>': FILE,
  'cache restore <file>': FILE,
  'cache save <file>': FILE,
  'check <image>': IMAGE,
  'confext <name>': TEXT,
  'diff <a>': IMAGE,
  'diff <b>': IMAGE,
  'help <command>': { kind: 'catalog', of: 'commands', isList: false },
  'flavors eject <name>': known('flavors'),
  'flavors show <name>': known('flavors'),
  'init <directory>': DIRECTORY,
  'inspect <what>': IMAGE,
  'logs <which>': TEXT,
  'prove <what>': IMAGE,
  'push <what>': IMAGE,
  'farm prepare <plan>': FILE,
  'farm report <plan>': FILE,
  'rollout pause <file>': FILE,
  'rollout plan <file>': FILE,
  'rollout resume <file>': FILE,
  'rollout run <file>': FILE,
  'rollout status <file>': FILE,
  'serve-netboot <directory>': DIRECTORY,
  'sign <what>': IMAGE,
  'size <what>': IMAGE,
  'ssh <command>': TEXT,
  'sysext <name>': TEXT,
  'validate <source>': FILE,
  'verify <what>': IMAGE,
};

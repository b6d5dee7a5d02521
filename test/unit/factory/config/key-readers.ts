import type { Reader } from '../../../support/key-readers.ts';

const top = (file: string, ...keys: string[]): Reader => ({ below: '', keys, file });

const build: readonly Reader[] = [
  top('factory/catalog/flavors/choose.ts', 'flavor', 'release', 'base', 'mirror'),
  top('factory/pipeline/steps/context-options.ts', 'snapshot', 'overlay-rootfs', 'netboot'),
  top('factory/pipeline/steps/recipe-parts.ts', 'install-packages'),
  top(
    'factory/pipeline/steps/detect-system.ts',
    'kernel',
    'arch',
    'variant',
    'version',
    'packages',
    'package-sets',
  ),
  top('factory/pipeline/target-steps.ts', 'model'),
  top(
    'factory/config/containerfile-spec.ts',
    'containerfile',
    'containerfile-stage',
    'containerfile-context',
  ),
  top('factory/pipeline/graph.ts', 'kernel-from', 'compression', 'sbom', 'fail-on', 'size-budget'),
  { below: 'framework', keys: ['name', 'source', 'version'], file: 'factory/config/framework-choice.ts' },
  {
    below: 'kubernetes',
    keys: [
      'distribution',
      'version',
      'binary',
      'sha256',
      'airgap',
      'images.*.source',
      'images.*.sha256',
      'mirror',
    ],
    file: 'factory/config/kubernetes-files.ts',
  },
  ...['before-packages', 'after-packages', 'after-framework', 'before-seal'].map((stage) => ({
    below: `hooks.${stage}.*`,
    keys: ['run', 'inputs', 'environment', 'timeout'],
    file: 'factory/image/context/hook-entries.ts',
  })),
  ...['before-artifacts', 'after-artifacts'].flatMap((stage) => [
    {
      below: `hooks.${stage}.*`,
      keys: ['run', 'environment', 'timeout'],
      file: 'factory/pipeline/steps/hook-step.ts',
    },
    { below: `hooks.${stage}.*`, keys: ['inputs'], file: 'factory/pipeline/steps/hook-digests.ts' },
  ]),
  { below: 'bundles.*', keys: ['image'], file: 'factory/pipeline/steps/bundles-step.ts' },
  { below: 'bundles.*', keys: ['mode'], file: 'factory/image/context/containerfile.ts' },
  top('factory/deliver/release/make-release.ts', 'release-output', 'release-previous'),
];

const trust: readonly Reader[] = [
  {
    below: 'trust.base',
    keys: ['keys', 'identities.*.identity', 'trusted-root', 'threshold'],
    file: 'factory/config/load-signers.ts',
  },
  { below: 'trust.base', keys: ['identities.*.issuer'], file: 'common/trust/trusted-root.ts' },
  {
    below: 'trust.upgrade.*',
    keys: ['match', 'keys', 'threshold', 'unsigned', 'require-proof'],
    file: 'factory/config/render-policy.ts',
  },
  {
    below: 'sign',
    keys: ['key', 'password-file', 'password-env', 'signing-config', 'trusted-root'],
    file: 'factory/signing/signer.ts',
  },
  { below: 'sign', keys: ['format'], file: 'factory/deliver/publish/sign-image.ts' },
  { below: 'cache', keys: ['registry', 'verify'], file: 'factory/pipeline/open-shared-cache.ts' },
  {
    below: 'cache.sign',
    keys: ['key', 'password-file', 'password-env', 'signing-config', 'trusted-root', 'format'],
    file: 'factory/signing/signer.ts',
  },
];

const delivery: readonly Reader[] = [
  top('factory/config/artifacts-spec.ts', 'artifacts'),
  top('factory/artifacts/disk-trees.ts', 'cloud-config'),
  top('factory/artifacts/iso.ts', 'overlay-iso'),
  top('factory/artifacts/oci.ts', 'oci-compression'),
  top('factory/pipeline/image-sources.ts', 'lock-file'),
  top('factory/engine/choose-engine.ts', 'engine'),
  {
    below: 'buildkit',
    keys: ['builders', 'tls', 'server-name'],
    file: 'factory/engine/buildkit/builders.ts',
  },
  { below: 'buildkit', keys: ['cache-to', 'cache-from'], file: 'factory/engine/buildkit/caches.ts' },
  top('factory/pipeline/finish-target.ts', 'output'),
  top('factory/pipeline/steps/provenance-step.ts', 'builder-id'),
  {
    below: 'registries.*',
    keys: ['registry', 'mirrors', 'insecure'],
    file: 'factory/inputs/base/registry-places.ts',
  },
  { below: 'registries.*', keys: ['ca'], file: 'factory/inputs/base/registry-host.ts' },
  { below: 'push', keys: ['to', 'tags', 'artifacts'], file: 'factory/deliver/publish/publish-build.ts' },
  {
    below: 'prove',
    keys: ['life', 'firmware', 'checks', 'timeout', 'kvm'],
    file: 'factory/pipeline/steps/proof-step.ts',
  },
  { below: 'disk', keys: ['oem', 'persistent'], file: 'factory/artifacts/raw.ts' },
  { below: 'audit.allow.*', keys: ['path', 'reason'], file: 'factory/inspect/audit/allowed.ts' },
];

/** Where each key of the configuration is read, beyond its schema and its translation from a file. */
export const CONFIGURATION_READERS: readonly Reader[] = [...build, ...trust, ...delivery];

/** Where each key of several targets is read. */
export const MATRIX_READERS: readonly Reader[] = [
  {
    below: '',
    keys: ['matrix.include.*.name', 'matrix.exclude', 'targets.*.name'],
    file: 'factory/config/matrix.ts',
  },
];

const SELECT = 'factory/catalog/flavors/select.ts';
const conditional = (below: string): Reader => ({
  below,
  keys: ['name', 'releases', 'arches', 'variants'],
  file: SELECT,
});

/** Where each key of a flavor is read. */
export const FLAVOR_READERS: readonly Reader[] = [
  top('factory/pipeline/steps/recipe-parts.ts', 'name', 'package-manager'),
  top('factory/cli/commands/flavors.ts', 'title'),
  top('factory/pipeline/steps/detect-system.ts', 'family'),
  top(
    'factory/catalog/flavors/detect.ts',
    'os-release-id',
    'os-release-like',
    'default-release',
    'rolling-release',
  ),
  top('factory/image/context/framework-trees.ts', 'service-manager', 'network', 'initramfs'),
  top('factory/image/context/own-entries.ts', 'selinux', 'persistent-paths'),
  { below: 'releases.*', keys: ['version', 'suite', 'base'], file: 'factory/catalog/flavors/choose.ts' },
  { below: 'bootstrap', keys: ['components'], file: 'factory/catalog/flavors/choose.ts' },
  {
    below: 'snapshot',
    keys: ['archive', 'since', ...['path', 'suites', 'live'].map((key) => `sources.*.${key}`)],
    file: 'factory/catalog/flavors/snapshot.ts',
  },
  { below: 'snapshot.sources.*', keys: ['releases', 'arches'], file: SELECT },
  ...['packages', 'enable'].map((key) => conditional(`repositories.${key}.*`)),
  ...['packages.*.*', 'package-sets.*.*.*', 'kernels.*.*', 'services.runlevels.*.*'].map(conditional),
  ...['enable', 'mask', 'disable', 'unmask'].map((key) => conditional(`services.${key}.*`)),
];

const BOARD = 'factory/catalog/models/board.ts';

/** Where each key of a board is read. */
export const MODEL_READERS: readonly Reader[] = [
  top(BOARD, 'name', 'title', 'arches', 'consoles', 'arguments', 'firmware-config'),
  { below: 'flavors.*', keys: ['kernels', 'files.*.from', 'files.*.to'], file: BOARD },
  ...['packages', 'components'].map((key) => conditional(`flavors.*.${key}.*`)),
];

/** Keys with a single value, which nothing has to read; with the reason. */
export const ONLY_VALUE: Readonly<Record<string, string>> = {
  'bootstrap.tool': 'mmdebstrap is the only one; the key says what makes the base',
};

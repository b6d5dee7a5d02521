import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BOARD_FILES } from '../../../common/contract/boot-files.ts';
import { BARE_MARK } from '../../../common/contract/conformance.ts';
import { type ImageIdentity, renderKairosRelease } from '../../../common/contract/kairos-release.ts';
import { bootargs } from '../../../common/contract/kernel-command-line.ts';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import {
  EPOCH_FILE,
  LAYOUT_FILE,
  renderLayoutEnvironment,
  requiredDirectories,
} from '../../../common/contract/system-layout.ts';
import { TRUST_DIRECTORY } from '../../../common/trust/policy.ts';
import type { Flavor } from '../../catalog/flavors/schema.ts';
import type { Selection } from '../../catalog/flavors/select.ts';
import type { Board } from '../../catalog/models/board.ts';
import type { PolicyFile } from '../../config/render-policy.ts';
import type { RootTraits } from '../root/root-traits.ts';
import { type ContextEntry, directoryEntries } from './context-tar.ts';
import { type KubernetesPayload, kubernetesEntries } from './kubernetes-entries.ts';

/** A bundle that the engine has. */
export interface BundleLayer {
  /** Name in the engine. */
  readonly image: string;
  /** Whether its files are laid into the root, or its `run.sh` is run. */
  readonly mode: 'unpack' | 'run';
  /** What it is called, for its program and for messages. */
  readonly name: string;
}

import { type KairosInit, kairosInitArguments } from './kairos-init.ts';

/** What a build context is rendered from. */
export interface ContextOptions {
  readonly templates: string;
  readonly flavor: Flavor;
  readonly selection: Selection;
  readonly identity: ImageIdentity;
  readonly board: Pick<Board, 'components' | 'consoles' | 'arguments' | 'files' | 'texts'>;
  /** Name of the base image in the engine. */
  readonly base: string;
  /** Seconds since 1970 that the image is stamped with; the date of the package archive when absent. */
  readonly epoch: string | undefined;
  readonly overlay: string | undefined;
  /** Versions that packages are to have where the archive has them: `NAME:ARCH` to version, or versions with spaces. */
  readonly pins?: Readonly<Record<string, string>> | undefined;
  /** Archives of the past, in the words of the package manager: what packages are installed from. */
  readonly snapshot?: readonly string[] | undefined;
  readonly kubernetes?: KubernetesPayload | undefined;
  readonly bundles?: readonly BundleLayer[] | undefined;
  /** The trust policy that the node enforces. */
  readonly policy?: readonly PolicyFile[] | undefined;
  /** Name and version of this tool. */
  readonly tool: string;
  /** The compiled agent for the image's architecture: a file. Absent where the base cannot run it. */
  readonly agent: string | undefined;
  /** Where the kernel comes from another image: how it is taken over. */
  readonly kernel?: KernelSource;
  /** The root that a flavor without packages is laid over; by default one with a shell. */
  readonly root?: Pick<RootTraits, 'shell' | 'systemd' | 'lacks'>;
  /** Upstream's initializer, in place of our own framework. */
  readonly init?: KairosInit;
}

/** An image that kernel, modules, firmware and initramfs are taken from. */
export interface KernelSource {
  /** Name of the image in the engine. */
  readonly image: string;
  /** Seconds since 1970 that the initramfs is stamped with. */
  readonly epoch: number;
  /** The directory of the base that holds `modules` and `firmware`: `/usr/lib`, or `/lib` where that is one of its own. */
  readonly library: '/lib' | '/usr/lib';
  /** Whether GRUB and shim are taken from it too. */
  readonly bootLoader: boolean;
}

/** Where the build's own files stand while it runs; the last step removes them. */
const BUILD_HOME = '/kairos-build';
const KERNEL_STAGE = 'kairos-factory-kernel';
/** Where `collect-kernel.sh` leaves what it gathered. */
const COLLECTED = '/kairos-collected';

const run = (...words: readonly string[]) => `RUN ${JSON.stringify(words).replaceAll('","', '", "')}`;
const runScript = (script: string) => run('/bin/sh', `${BUILD_HOME}/${script}`);

/** What of the options a Containerfile is made of. */
export type RecipeOptions = Pick<
  ContextOptions,
  'base' | 'flavor' | 'overlay' | 'kernel' | 'root' | 'init' | 'kubernetes' | 'bundles'
>;

/**
 * The Containerfile. Only what an ordinary `docker build` has (docs/decisions/0002-plain-containerfile.md). The
 * packages are installed before the framework is laid in, so that a changed framework or version finds the packages in
 * the engine's cache. So is Kubernetes.
 */
export function renderContainerfile(options: RecipeOptions): string {
  return [...kernelStage(options, ''), `FROM ${options.base}`, ...recipe(options, ''), ''].join('\n');
}

/**
 * The stage that gathers a kernel and makes its initramfs; none where the kernel is installed.
 * @param home directory of the context, with a closing slash, that holds our files
 */
export function kernelStage({ kernel }: RecipeOptions, home: string): string[] {
  if (kernel === undefined) return [];
  return [
    `FROM ${kernel.image} AS ${KERNEL_STAGE}`,
    'USER 0',
    `COPY ${home}dracut/ /`,
    `COPY ${home}kernel/ ${BUILD_HOME}/kernel/`,
    runScript('kernel/collect-kernel.sh'),
  ];
}

/** What follows the `FROM` of the base. */
export function recipe(options: RecipeOptions, home: string): string[] {
  const { flavor, overlay, kernel, init } = options;
  const overlaid = overlay === undefined ? [] : [`COPY ${home}overlay/ /`];
  // The base may have been made to run as another user.
  if (init !== undefined) return ['USER 0', ...initSteps(init, home, overlaid)];
  const manager = flavor['package-manager'];
  return [
    'USER 0',
    ...(manager === 'none'
      ? []
      : [`COPY ${home}install/ ${BUILD_HOME}/install/`, runScript(`install/install-${manager}.sh`)]),
    ...(kernel === undefined ? [] : takeKernel(kernel)),
    ...(options.kubernetes === undefined
      ? []
      : [
          `COPY ${home}kubernetes/ /`,
          `COPY ${home}kubernetes-build/ ${BUILD_HOME}/kubernetes/`,
          runScript('kubernetes/kubernetes.sh'),
        ]),
    `COPY ${home}framework/ /`,
    ...renderBundles(options.bundles ?? [], home),
    ...overlaid,
    ...(isScripted(options)
      ? [`COPY ${home}finish/ ${BUILD_HOME}/finish/`, runScript('finish/finish.sh')]
      : []),
  ];
}

function takeKernel({ library, bootLoader }: KernelSource): string[] {
  const copy = (from: string, to: string) => `COPY --from=${KERNEL_STAGE} ${COLLECTED}/${from}/ ${to}`;
  return [
    copy('boot', '/boot/'),
    copy('modules', `${library}/modules/`),
    copy('firmware', `${library}/firmware/`),
    ...(bootLoader ? [copy('boot-loader', '/')] : []),
  ];
}

function initSteps(init: KairosInit, home: string, overlaid: readonly string[]): string[] {
  const program = `${BUILD_HOME}/init/kairos-init`;
  const stage = (name: 'install' | 'init') => run(program, ...kairosInitArguments(name, init.image));
  return [
    `COPY ${home}init/ ${BUILD_HOME}/init/`,
    ...(init.version === undefined
      ? []
      : [run('/bin/sh', `${BUILD_HOME}/init/check-kairos-init.sh`, init.version)]),
    stage('install'),
    ...overlaid,
    stage('init'),
    runScript('init/finish-kairos-init.sh'),
  ];
}

/** Whether scripts run in the root: always, but for a root without a shell that needs none. */
export function isScripted({ flavor, root, kernel }: RecipeOptions): boolean {
  return flavor['package-manager'] !== 'none' || kernel === undefined || (root?.shell ?? true);
}

/** Bundles come after the framework, as they do on a node, and before the overlay, which has the last word. */
function renderBundles(bundles: readonly BundleLayer[], home: string): string[] {
  const script = `${BUILD_HOME}/bundles/run-bundle.sh`;
  return bundles.flatMap(({ image, mode, name }, index) => {
    if (mode === 'unpack') return [`COPY --from=${image} / /`];
    const place = `${BUILD_HOME}/bundle-${index}`;
    return [
      `COPY ${home}bundles/ ${BUILD_HOME}/bundles/`,
      `COPY --from=${image} / ${place}/`,
      run('/bin/sh', script, place, name),
    ];
  });
}

/** Every file of the build context, parents before children. */
export function contextEntries(options: ContextOptions): ContextEntry[] {
  return [text('Containerfile', renderContainerfile(options)), ...ownEntries(options)];
}

/** A file of a context, by its content. */
export const text = (path: string, content: string, mode = 0o644): ContextEntry => ({
  type: 'text',
  path,
  text: content,
  mode,
});
/** What makes programs of a context out of templates. */
export const programsOf = (templates: string) => (path: string, name: string) =>
  text(path, readFileSync(join(templates, name), 'utf8'), 0o755);
const lines = (path: string, items: readonly string[]) =>
  text(path, items.map((item) => `${item}\n`).join(''));
const program = (path: string, source: string): ContextEntry => ({
  type: 'file',
  path,
  source,
  mode: 0o755,
  size: statSync(source).size,
});

/** The files of the build context besides the Containerfile. */
export function ownEntries(options: ContextOptions): ContextEntry[] {
  const { templates, flavor, selection, identity, board, init } = options;
  const template = programsOf(templates);
  const manager = flavor['package-manager'];
  const directories = requiredDirectories(flavor['persistent-paths']);
  const overlay = options.overlay === undefined ? [] : directoryEntries(options.overlay, 'overlay');
  if (init !== undefined) {
    return [
      program('init/kairos-init', init.program),
      template('init/check-kairos-init.sh', 'build/check-kairos-init.sh'),
      template('init/finish-kairos-init.sh', 'build/finish-kairos-init.sh'),
      lines('init/directories', directories),
      text('init/source-date-epoch', options.epoch ?? ''),
      ...overlay,
    ];
  }
  return [
    ...(manager === 'none'
      ? []
      : [
          lines('install/packages', selection.packages),
          lines('install/components', board.components),
          lines('install/repository-packages', selection.repositoryPackages),
          lines('install/repositories', selection.repositories),
          text('install/source-date-epoch', options.epoch ?? ''),
          ...(options.pins === undefined ? [] : [lines('install/pins', pinLines(options.pins))]),
          ...(options.snapshot === undefined ? [] : [lines('install/snapshot', options.snapshot)]),
          template(`install/install-${manager}.sh`, `build/install-${manager}.sh`),
          ...(manager === 'apt' ? [template('install/dpkg-lean.cfg', 'build/dpkg-lean.cfg')] : []),
        ]),
    ...kernelEntries(options, template),
    ...(options.kubernetes === undefined
      ? []
      : kubernetesEntries(templates, servicesOf(options), options.kubernetes)),
    ...frameworkTrees(options).flatMap((tree) => directoryEntries(tree, 'framework')),
    ...(options.agent === undefined ? [] : [program('framework/usr/bin/kairos-agent', options.agent)]),
    text(`framework${NODE_PATH.release}`, renderKairosRelease(identity, options.tool)),
    text('framework/etc/cos/bootargs.cfg', bootargs(board, flavor.selinux)),
    text(`framework${LAYOUT_FILE}`, renderLayoutEnvironment(flavor['persistent-paths'])),
    ...policyEntries(options.policy),
    ...Object.entries(board.texts).map(([path, content]) => text(`framework${BOARD_FILES}/${path}`, content)),
    ...(options.bundles?.some(({ mode }) => mode === 'run')
      ? [template('bundles/run-bundle.sh', 'build/run-bundle.sh')]
      : []),
    ...(manager === 'none' ? bareEntries(options) : []),
    ...overlay,
    ...(isScripted(options)
      ? [
          lines('finish/directories', directories),
          lines('finish/enable', selection.enable),
          lines('finish/mask', selection.mask),
          lines(
            'finish/board-files',
            board.files.map(({ from, to }) => `${from} ${to}`),
          ),
          lines('finish/unmask', selection.unmask),
          lines(
            'finish/runlevels',
            selection.runlevels.map((pair) => pair.join(' ')),
          ),
          lines('finish/selinux', [flavor.selinux]),
          ...(options.kernel === undefined ? [] : [text('finish/kernel-is-there', '')]),
          template('finish/finish.sh', 'build/finish.sh'),
        ]
      : []),
  ];
}

/** The agent takes a policy only from files that nobody but root may write. */
function policyEntries(policy: ContextOptions['policy']): ContextEntry[] {
  if (policy === undefined) return [];
  const directory = `framework${TRUST_DIRECTORY}`;
  return [
    { type: 'directory', path: directory },
    ...policy.map(({ name, text: content }) => text(`${directory}/${name}`, content)),
  ];
}

/** `NAME ARCH VERSION`; the architecture is `-` where the package manager tells none. */
function pinLines(pins: Readonly<Record<string, string>>): string[] {
  return Object.entries(pins).flatMap(([key, versions]) => {
    const [name = '', arch = '-'] = key.split(':');
    return versions.split(' ').map((version) => `${name} ${arch} ${version}`);
  });
}

function kernelEntries(
  { kernel, templates }: ContextOptions,
  template: (path: string, name: string) => ContextEntry,
): ContextEntry[] {
  if (kernel === undefined) return [];
  return [
    ...directoryEntries(join(templates, 'image/dracut'), 'dracut'),
    text('kernel/source-date-epoch', `${kernel.epoch}\n`),
    template('kernel/collect-kernel.sh', 'build/collect-kernel.sh'),
  ];
}

/** What an installation script leaves in other roots, and directories where no script can make them. */
function bareEntries(options: ContextOptions): ContextEntry[] {
  const lacking = isScripted(options) ? [] : (options.root?.lacks ?? []);
  return [
    text(`framework${EPOCH_FILE}`, `${options.epoch ?? ''}\n`),
    ...(options.agent === undefined ? [text(`framework${BARE_MARK}`, BARE_TEXT)] : []),
    ...lacking.map((path): ContextEntry => ({ type: 'directory', path: `framework${path}` })),
  ];
}

const BARE_TEXT =
  'This system boots and keeps its directories, but has no agent: the base lacks the GNU C library.\n';

/** What starts services: the flavor's, or what the root has. */
function servicesOf({
  flavor,
  root,
}: Pick<ContextOptions, 'flavor' | 'root'>): 'systemd' | 'openrc' | 'none' {
  const manager = flavor['service-manager'];
  if (manager !== 'detect') return manager;
  return root?.systemd ? 'systemd' : 'none';
}

/** The trees of the framework that fit a root: what all have, and those of its init system, initramfs, network and family. */
function frameworkTrees(options: Pick<ContextOptions, 'templates' | 'flavor' | 'root' | 'kernel'>): string[] {
  const { templates, flavor } = options;
  // With a kernel from elsewhere the initramfs is made there.
  const generator = options.kernel === undefined ? flavor.initramfs : 'none';
  const network =
    flavor.network === 'detect' ? (options.root?.systemd ? 'systemd-networkd' : 'none') : flavor.network;
  const names = ['common', servicesOf(options), generator, network, flavor.family];
  return names.map((name) => join(templates, 'image', name)).filter((tree) => existsSync(tree));
}

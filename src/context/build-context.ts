import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Flavor } from '../flavors/schema.ts';
import type { Selection } from '../flavors/select.ts';
import { type ImageIdentity, renderKairosRelease } from '../layout/kairos-release.ts';
import { bootargs } from '../layout/kernel-command-line.ts';
import { renderLayoutEnvironment, requiredDirectories } from '../layout/system-layout.ts';
import type { Board } from '../models/board.ts';
import { BOARD_FILES } from '../rootfs/boot-files.ts';
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
  readonly kubernetes?: KubernetesPayload | undefined;
  readonly bundles?: readonly BundleLayer[] | undefined;
  /** Name and version of this tool. */
  readonly tool: string;
  /** The compiled agent for the image's architecture: a file. */
  readonly agent: string;
}

/** Where the build's own files stand while it runs; the last step removes them. */
const BUILD_HOME = '/kairos-build';

/**
 * The Containerfile. Only what an ordinary `docker build` has (design, decision 2). The packages are installed before the
 * framework is laid in, so that a changed framework or version finds the packages in the engine's cache. So is Kubernetes.
 */
export function renderContainerfile(
  options: Pick<ContextOptions, 'base' | 'flavor' | 'overlay' | 'kubernetes' | 'bundles'>,
): string {
  const run = (script: string) => `RUN ["/bin/sh", "${BUILD_HOME}/${script}"]`;
  return [
    `FROM ${options.base}`,
    `COPY install/ ${BUILD_HOME}/install/`,
    run(`install/install-${options.flavor['package-manager']}.sh`),
    ...(options.kubernetes === undefined
      ? []
      : [
          'COPY kubernetes/ /',
          `COPY kubernetes-build/ ${BUILD_HOME}/kubernetes/`,
          run('kubernetes/kubernetes.sh'),
        ]),
    'COPY framework/ /',
    ...renderBundles(options.bundles ?? []),
    ...(options.overlay === undefined ? [] : ['COPY overlay/ /']),
    `COPY finish/ ${BUILD_HOME}/finish/`,
    run('finish/finish.sh'),
    '',
  ].join('\n');
}

/** Bundles come after the framework, as they do on a node, and before the overlay, which has the last word. */
function renderBundles(bundles: readonly BundleLayer[]): string[] {
  const script = `${BUILD_HOME}/bundles/run-bundle.sh`;
  return bundles.flatMap(({ image, mode, name }, index) => {
    if (mode === 'unpack') return [`COPY --from=${image} / /`];
    const home = `${BUILD_HOME}/bundle-${index}`;
    return [
      `COPY bundles/ ${BUILD_HOME}/bundles/`,
      `COPY --from=${image} / ${home}/`,
      `RUN ${JSON.stringify(['/bin/sh', script, home, name])}`,
    ];
  });
}

/** Every file of the build context, parents before children. */
export function contextEntries(options: ContextOptions): ContextEntry[] {
  const { templates, flavor, selection, identity, board } = options;
  const text = (path: string, content: string, mode = 0o644): ContextEntry => ({
    type: 'text',
    path,
    text: content,
    mode,
  });
  const lines = (path: string, items: readonly string[]) =>
    text(path, items.map((item) => `${item}\n`).join(''));
  const template = (path: string, name: string) =>
    text(path, readFileSync(join(templates, name), 'utf8'), 0o755);
  const install = `install-${flavor['package-manager']}.sh`;
  return [
    text('Containerfile', renderContainerfile(options)),
    lines('install/packages', selection.packages),
    lines('install/components', board.components),
    lines('install/repository-packages', selection.repositoryPackages),
    lines('install/repositories', selection.repositories),
    text('install/source-date-epoch', options.epoch ?? ''),
    template(`install/${install}`, `build/${install}`),
    ...(flavor['package-manager'] === 'apt'
      ? [template('install/dpkg-lean.cfg', 'build/dpkg-lean.cfg')]
      : []),
    ...(options.kubernetes === undefined
      ? []
      : kubernetesEntries(templates, flavor['service-manager'], options.kubernetes)),
    ...frameworkTrees(options).flatMap((tree) => directoryEntries(tree, 'framework')),
    {
      type: 'file',
      path: 'framework/usr/bin/kairos-agent',
      source: options.agent,
      mode: 0o755,
      size: statSync(options.agent).size,
    },
    text('framework/etc/kairos-release', renderKairosRelease(identity, options.tool)),
    text('framework/etc/cos/bootargs.cfg', bootargs(board, flavor.selinux)),
    text('framework/usr/lib/kairos/cos-layout.env', renderLayoutEnvironment(flavor['persistent-paths'])),
    ...Object.entries(board.texts).map(([path, content]) => text(`framework${BOARD_FILES}/${path}`, content)),
    ...(options.bundles?.some(({ mode }) => mode === 'run')
      ? [template('bundles/run-bundle.sh', 'build/run-bundle.sh')]
      : []),
    ...(options.overlay === undefined ? [] : directoryEntries(options.overlay, 'overlay')),
    lines('finish/directories', requiredDirectories(flavor['persistent-paths'])),
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
    template('finish/finish.sh', 'build/finish.sh'),
  ];
}

/** The trees of the framework that fit a flavor: what all have, and those of its init system, initramfs, network and family. */
function frameworkTrees({ templates, flavor }: Pick<ContextOptions, 'templates' | 'flavor'>): string[] {
  const names = ['common', flavor['service-manager'], flavor.initramfs, flavor.network, flavor.family];
  return names.map((name) => join(templates, 'image', name)).filter((tree) => existsSync(tree));
}

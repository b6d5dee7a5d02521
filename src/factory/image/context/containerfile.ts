import type { ImageStage } from '../../config/hooks.ts';
import { BUILD_HOME, run, runScript } from './containerfile-lines.ts';
import type { BundleLayer, ContextOptions, KernelSource } from './context-options.ts';
import { runHooks } from './hook-entries.ts';
import { type KairosInit, kairosInitArguments } from './kairos-init.ts';
import { copyOverlay, removeBuildHome } from './overlay.ts';

const KERNEL_STAGE = 'kairos-factory-kernel';
/** Output directory of `collect-kernel.sh`. */
const COLLECTED = '/kairos-collected';

/** The options that the Containerfile depends on. */
export type RecipeOptions = Pick<
  ContextOptions,
  'base' | 'flavor' | 'overlay' | 'kernel' | 'root' | 'init' | 'kubernetes' | 'bundles' | 'hooks'
>;

/**
 * Renders the Containerfile, which uses only features of plain `docker build` (docs/decisions/0002-plain-containerfile.md).
 * Packages and Kubernetes are installed before the framework is copied in, so that they stay in the engine's cache when
 * the framework or the version changes.
 */
export function renderContainerfile(options: RecipeOptions): string {
  return [...kernelStage(options, ''), `FROM ${options.base}`, ...recipe(options, ''), ''].join('\n');
}

/**
 * The stage that collects a kernel and makes its initramfs; empty when the kernel comes from the flavor's packages.
 * @param home directory of the context that holds our files: empty, or with a trailing slash
 */
export function kernelStage({ kernel }: RecipeOptions, home: string): string[] {
  if (kernel === undefined) return [];
  return [
    `FROM ${kernel.image} AS ${KERNEL_STAGE}`,
    'USER 0',
    `COPY ${home}initramfs/ /`,
    `COPY ${home}kernel/ ${BUILD_HOME}/kernel/`,
    runScript('kernel/collect-kernel.sh'),
  ];
}

/** The instructions that follow the `FROM` of the base. @param home as for {@link kernelStage} */
export function recipe(options: RecipeOptions, home: string): string[] {
  const { flavor, overlay, kernel, init } = options;
  const hooks = (stage: ImageStage) => runHooks(options.hooks, stage, home);
  const isRun = init !== undefined || isScripted(options);
  const overlaid = overlay === undefined ? [] : copyOverlay(home, { isScripted: isRun });
  // The base may set another user.
  if (init !== undefined) return ['USER 0', ...initSteps(init, { home, overlaid, hooks }), ...last(hooks)];
  const manager = flavor['package-manager'];
  return [
    'USER 0',
    ...hooks('before-packages'),
    ...(manager === 'none'
      ? []
      : [`COPY ${home}install/ ${BUILD_HOME}/install/`, runScript(`install/install-${manager}.sh`)]),
    ...hooks('after-packages'),
    ...(kernel === undefined ? [] : copyKernel(kernel)),
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
    ...hooks('after-framework'),
    ...(isScripted(options)
      ? [`COPY ${home}finish/ ${BUILD_HOME}/finish/`, runScript('finish/finish.sh')]
      : []),
    ...last(hooks),
  ];
}

/** The hooks that come last, after the script that removes the files of the build. */
function last(hooks: HookLines): string[] {
  const lines = hooks('before-seal');
  return lines.length === 0 ? [] : [...lines, removeBuildHome];
}

type HookLines = (stage: ImageStage) => string[];

function copyKernel({ library, bootLoader }: KernelSource): string[] {
  const copy = (from: string, to: string) => `COPY --from=${KERNEL_STAGE} ${COLLECTED}/${from}/ ${to}`;
  return [
    copy('boot', '/boot/'),
    copy('modules', `${library}/modules/`),
    copy('firmware', `${library}/firmware/`),
    ...(bootLoader ? [copy('boot-loader', '/')] : []),
  ];
}

function initSteps(
  init: KairosInit,
  {
    home,
    overlaid,
    hooks,
  }: { readonly home: string; readonly overlaid: readonly string[]; readonly hooks: HookLines },
): string[] {
  const program = `${BUILD_HOME}/init/kairos-init`;
  const stage = (name: 'install' | 'init') => run(program, ...kairosInitArguments(name, init.image));
  return [
    ...hooks('before-packages'),
    `COPY ${home}init/ ${BUILD_HOME}/init/`,
    ...(init.version === undefined
      ? []
      : [run('/bin/sh', `${BUILD_HOME}/init/check-kairos-init.sh`, init.version)]),
    stage('install'),
    ...hooks('after-packages'),
    ...overlaid,
    stage('init'),
    ...hooks('after-framework'),
    runScript('init/finish-kairos-init.sh'),
  ];
}

/** Whether build scripts run in the root: always, except in a root without a shell to which only files are copied. */
export function isScripted({ flavor, root, kernel }: RecipeOptions): boolean {
  return flavor['package-manager'] !== 'none' || kernel === undefined || (root?.shell ?? true);
}

/** Bundles come after the framework, as on a node, and before the overlay, which overrides everything. */
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

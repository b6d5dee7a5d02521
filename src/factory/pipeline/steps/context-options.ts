import { type AbsentProgram, HOST_PROGRAMS } from '../../../common/contract/host-programs.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { borrowedNotice } from '../../catalog/flavors/choose.ts';
import type { Flavor } from '../../catalog/flavors/schema.ts';
import { findRelease } from '../../catalog/flavors/select.ts';
import { aptSnapshot, snapshotSources } from '../../catalog/flavors/snapshot.ts';
import { IMAGE_STAGES } from '../../config/hooks.ts';
import type { BuildSpec } from '../../config/schema.ts';
import { type Brought, bringAlong } from '../../image/context/brought-programs.ts';
import type { ContextOptions, KernelSource } from '../../image/context/context-options.ts';
import type { RootTraits } from '../../image/root/root-traits.ts';
import { fileOf, type Results, resultOf } from '../step.ts';
import { BASE_STEP } from './base-facts.ts';
import { broughtNotices } from './brought-notices.ts';
import { importedBundles } from './bundles-step.ts';
import { detectSystem } from './detect-system.ts';
import { FRAMEWORK_STEP } from './framework-step.ts';
import { KERNEL_STEP } from './kernel-step.ts';
import { kubernetesFiles } from './kubernetes-step.ts';
import { baseOf, type RecipeParts } from './recipe-parts.ts';

/**
 * Collects the values that the build context is rendered from.
 * @param notice receives warnings about missing features of the image
 * @throws FactoryError `usage` when the base cannot become an OS image this way
 */
export function contextOptions(
  parts: RecipeParts,
  results: Results,
  notice: (text: string) => void,
): ContextOptions {
  const { env, spec, policy } = parts;
  const { image, traits } = baseOf(parts, results);
  requireShell(parts, traits);
  const { detected, loaded, selection, identity, board } = detectSystem(parts, results);
  const borrowed = borrowedNotice(detected);
  if (borrowed !== undefined) notice(borrowed);
  const kernel = kernelSource(parts, results);
  const lacking = lackedPrograms(parts, traits);
  const brought = broughtTo(parts, results, lacking);
  for (const line of broughtNotices(lacking, brought)) notice(line);
  requireBuiltin(spec, loaded.flavor);
  const snapshot = snapshotLines(parts, results);
  return {
    templates: env.templates,
    flavor: loaded.flavor,
    selection,
    identity,
    board,
    base: image,
    epoch: imageEpoch(parts, results),
    overlay: spec.overlayRootfs,
    tool: env.tool,
    agent: env.agent(spec.arch),
    root: { ...traits, isBare: isBare(parts, traits) },
    policy,
    ...(brought === undefined ? {} : { brought }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(spec.netboot ? { netboot: true } : {}),
    ...(hasImageHooks(spec) ? { hooks: spec.hooks } : {}),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...addedOptions(spec, results),
    ...initOptions(spec, identity, results),
  };
}

/** Whether programs of the user run inside the image build. */
function hasImageHooks({ hooks }: Pick<BuildSpec, 'hooks'>): boolean {
  return IMAGE_STAGES.some((stage) => hooks[stage].length > 0);
}

function addedOptions(
  { kubernetes, bundles }: BuildSpec,
  results: Results,
): Pick<ContextOptions, 'kubernetes' | 'bundles'> {
  return {
    ...(kubernetes ? { kubernetes: { ...kubernetes, files: kubernetesFiles(results) } } : {}),
    ...(bundles.length > 0 ? { bundles: importedBundles(results) } : {}),
  };
}

function initOptions(
  { framework }: BuildSpec,
  image: ContextOptions['identity'],
  results: Results,
): Pick<ContextOptions, 'init'> {
  if (framework.name === 'builtin') return {};
  const program = fileOf(results, FRAMEWORK_STEP.id, 'program');
  return { init: { program, image, version: framework.version } };
}

function kernelSource(parts: RecipeParts, results: Results): KernelSource | undefined {
  if (parts.spec.kernelFrom === undefined) return undefined;
  const { image, traits } = resultOf(results, KERNEL_STEP).facts;
  const { bootLoader, ownLib } = baseOf(parts, results).traits;
  return {
    image,
    agent: parts.env.agent(parts.spec.arch),
    epoch: Number(parts.env.epoch ?? traits.newest),
    library: ownLib ? '/lib' : '/usr/lib',
    bootLoader: parts.installsNothing && !bootLoader && traits.bootLoader,
  };
}

/**
 * The timestamp of the image: without a date from a package archive, the time of its newest source file. Files from the
 * user's Containerfile have the time of the build, and do not count.
 */
function imageEpoch(parts: RecipeParts, results: Results): string | undefined {
  const { env, spec, installsNothing } = parts;
  if (env.epoch !== undefined) return env.epoch;
  const { archive, traits } = resultOf(results, BASE_STEP).facts;
  if (spec.framework.name === 'kairos-init') return String(archive?.date ?? traits.newest);
  if (!installsNothing) return undefined;
  return String(Math.max(traits.newest, kernelSource(parts, results)?.epoch ?? 0));
}

/** The package sources of a snapshot in the format of the flavor's package manager. */
export function snapshotLines(parts: RecipeParts, results: Results): string[] | undefined {
  const { spec } = parts;
  if (spec.snapshot === undefined || parts.installsNothing) return undefined;
  const { loaded, distribution, target, board } = detectSystem(parts, results);
  const { suite, key } = findRelease(loaded.flavor, distribution.release);
  const sources = snapshotSources(loaded.flavor, target, {
    suite: suite ?? key,
    timestamp: spec.snapshot,
    mirror: spec.mirror,
  });
  if (loaded.flavor['package-manager'] !== 'apt') return sources.map(({ uri }) => uri);
  const components = loaded.flavor.bootstrap?.components ?? [];
  return aptSnapshot(sources, [...new Set([...components, ...board.components])]);
}

/** What the image brings along, in a build that installs nothing. */
function broughtTo(
  parts: RecipeParts,
  results: Results,
  lacking: readonly AbsentProgram[],
): Brought | undefined {
  const { env, spec, installsNothing } = parts;
  if (!installsNothing || spec.framework.name !== 'builtin') return undefined;
  const { bootLoader } = baseOf(parts, results).traits;
  const hasLoader = bootLoader || kernelSource(parts, results)?.bootLoader === true;
  return bringAlong(env.agent(spec.arch), { lacking, bootLoader: !hasLoader });
}

/** The programs that a root lacks to which no packages are added. */
function lackedPrograms(parts: RecipeParts, traits: RootTraits): readonly AbsentProgram[] {
  if (!parts.installsNothing || parts.spec.framework.name !== 'builtin') return [];
  return traits.lacksPrograms;
}

function isBare(parts: RecipeParts, traits: RootTraits): boolean {
  if (!parts.installsNothing) return false;
  const names = lackedPrograms(parts, traits).map(({ name }) => name);
  return !traits.shell || HOST_PROGRAMS.some(({ name, required }) => required && names.includes(name));
}

/** dracut has modules for the network of its own, and the initramfs of another image's kernel is made there. */
function requireBuiltin({ netboot, kernelFrom }: BuildSpec, { name, initramfs }: Flavor): void {
  if (initramfs === 'builtin') return;
  const other = netboot ? 'netboot' : kernelFrom === undefined ? undefined : 'kernel-from';
  if (other === undefined) return;
  throw new FactoryError(
    'OPTION_CONFLICT',
    `${other} needs the initramfs of the build, and the flavor ${name} has initramfs: dracut`,
    {
      remedy: netboot
        ? 'Remove netboot and add the module "livenet" to dracut\u2019s configuration with an overlay, or set initramfs: builtin.'
        : 'Remove kernel-from and install a kernel from packages, or set initramfs: builtin.',
    },
  );
}

function requireShell({ spec, installsNothing }: RecipeParts, { shell }: { readonly shell: boolean }): void {
  if (shell || (installsNothing && spec.kernelFrom !== undefined && !hasImageHooks(spec))) return;
  throw new FactoryError(
    'BASE_UNSUITABLE',
    `${spec.base ?? 'the base'} has no /bin/sh, which runs the scripts of the build`,
    {
      remedy:
        'Use the variant of the image that has a shell, or add a shell with --containerfile (COPY busybox /bin/sh). ' +
        'An image without additional packages needs no shell with --flavor any and --kernel-from.',
    },
  );
}

import { join } from 'node:path';
import type { ContextOptions, KernelSource } from '../../context/build-context.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import type { Flavor } from '../../flavors/schema.ts';
import { releaseVersion, type Selection, select } from '../../flavors/select.ts';
import type { ImageIdentity } from '../../layout/kairos-release.ts';
import type { BuildSpec } from '../../spec/schema.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { rememberedHash, treeContentDigest, treeSignature } from '../digests.ts';
import { fileOf, type Results, resultOf } from '../step.ts';
import type { BaseFacts } from './base-step.ts';
import type { RootFacts } from './root-facts.ts';

/** How an OS image is made from what the steps before it left. */
export interface ImageRecipe {
  /** Ids of those steps. */
  readonly needs: readonly string[];
  /** What makes a difference to the image, besides the results that it needs. */
  readonly inputs: (results: Results) => Promise<unknown[]>;
  /**
   * What its context is rendered from.
   * @param notice told what the image will be without
   * @throws FactoryError `usage` when the base cannot become an OS this way
   */
  readonly options: (results: Results, notice: (text: string) => void) => ContextOptions;
}

/** `os-release-id` of a flavor that takes any root. */
const ANY = '*';

/** The recipe of a build. @throws FactoryError `usage` for keys that do not go together */
export function imageRecipe(env: BuildEnvironment, spec: BuildSpec, flavor: Flavor): ImageRecipe {
  const withoutPackages = flavor['package-manager'] === 'none';
  if (withoutPackages && spec.packages.length > 0) {
    throw new FactoryError('usage', `flavor ${flavor.name} installs nothing, so packages cannot be added`, {
      remedy: 'Use the flavor of the distribution, or a --containerfile that installs them.',
    });
  }
  const baseId = spec.containerfile?.stage === 'before' ? 'containerfile' : 'base';
  const base = (results: Results) => resultOf(results, baseId).facts as unknown as BaseFacts;
  const needs = [
    ...new Set(['base', baseId]),
    ...(spec.kernelFrom === undefined ? [] : ['kernel']),
    ...(spec.framework.name === 'kairos-init' ? ['framework'] : []),
  ];
  const identity = (results: Results): ImageIdentity => {
    const { osRelease } = base(results);
    const { release } = baseTarget(flavor, osRelease);
    return {
      flavor: flavor['os-release-id'] === ANY ? nameIn(osRelease['ID']) : flavor.name,
      flavorRelease: release,
      family: flavor.family,
      variant: spec.variant,
      arch: spec.arch,
      model: spec.model,
      version: spec.version,
    };
  };
  const selection = (results: Results): Selection => {
    const target = { arch: spec.arch, releaseVersion: baseTarget(flavor, base(results).osRelease).version };
    const kernel = spec.kernelFrom !== undefined || withoutPackages ? undefined : spec.kernel;
    return select(flavor, target, kernel, spec.packages);
  };
  const kernel = (results: Results): KernelSource | undefined => {
    if (spec.kernelFrom === undefined) return undefined;
    const { image, traits } = resultOf(results, 'kernel').facts as unknown as RootFacts;
    const { bootLoader, ownLib } = base(results).traits;
    return {
      image,
      epoch: Number(env.epoch ?? traits.newest),
      library: ownLib ? '/lib' : '/usr/lib',
      bootLoader: withoutPackages && !bootLoader,
    };
  };
  /**
   * Where no package archive is asked for its date, the image is as old as the newest file that it is made from. What a
   * person's Containerfile makes has the time of the build, and does not count.
   */
  const epoch = (results: Results): string | undefined => {
    if (env.epoch !== undefined) return env.epoch;
    const { archive, traits } = resultOf(results, 'base').facts as unknown as BaseFacts;
    if (spec.framework.name === 'kairos-init') return String(archive?.date ?? traits.newest);
    if (!withoutPackages) return undefined;
    return String(Math.max(traits.newest, kernel(results)?.epoch ?? 0));
  };

  return {
    needs,
    inputs: async (results) => [
      flavor,
      selection(results),
      identity(results),
      treeContentDigest(join(env.templates, 'build')),
      treeContentDigest(join(env.templates, 'image')),
      await rememberedHash(env.digests, env.agent(spec.arch)),
      spec.overlayRootfs === undefined ? null : treeSignature(spec.overlayRootfs),
      spec.framework,
      env.epoch,
      env.tool,
    ],
    options: (results, notice) => {
      const { image, traits } = base(results);
      const needsShell = !withoutPackages || spec.kernelFrom === undefined;
      if (!traits.shell && needsShell) throw noShell(spec);
      const agent = !withoutPackages || traits.glibc ? env.agent(spec.arch) : undefined;
      if (agent === undefined && spec.framework.name === 'builtin') {
        notice(
          'the base lacks the GNU C library, which the agent needs, and so the image has no agent: it boots and mounts ' +
            'what persists, but reads no cloud-config, and neither installs nor upgrades itself',
        );
      }
      const from = kernel(results);
      return {
        templates: env.templates,
        flavor,
        selection: selection(results),
        identity: identity(results),
        model: spec.model,
        base: image,
        epoch: epoch(results),
        overlay: spec.overlayRootfs,
        tool: env.tool,
        agent,
        root: traits,
        ...(from === undefined ? {} : { kernel: from }),
        ...(spec.framework.name === 'kairos-init'
          ? {
              init: {
                program: fileOf(results, 'framework', 'program'),
                image: identity(results),
                version: spec.framework.version,
              },
            }
          : {}),
      };
    },
  };
}

function noShell(spec: BuildSpec): FactoryError {
  return new FactoryError('usage', `${spec.base} has no /bin/sh, which the build runs its scripts with`, {
    remedy:
      'Use the variant of the image that has a shell, or bring one with a --containerfile (COPY busybox /bin/sh). ' +
      'A root in which nothing is to be installed needs none with --flavor any and --kernel-from.',
  });
}

/** A word that file names are made of. */
function nameIn(text: string | undefined): string {
  return (text ?? '').replaceAll(/[^A-Za-z0-9._-]/g, '_') || 'linux';
}

/** What the base says of itself, as far as packages and names depend on it. @throws FactoryError `usage` for another distribution */
function baseTarget(
  flavor: Flavor,
  osRelease: Readonly<Record<string, string>>,
): { release: string; version: string } {
  const id = osRelease['ID'] ?? '';
  if (flavor['os-release-id'] === ANY) {
    return {
      release: nameIn(osRelease['VERSION_ID'] ?? osRelease['BUILD_ID'] ?? 'rolling'),
      version: releaseVersion(flavor, flavor['default-release']),
    };
  }
  if (id !== flavor['os-release-id']) {
    throw new FactoryError('usage', `the base is "${id}", which is not what flavor ${flavor.name} is for`, {
      remedy: `Use a base whose /etc/os-release says ID=${flavor['os-release-id']}, or another --flavor.`,
    });
  }
  const version = osRelease['VERSION_ID'];
  if (version !== undefined) return { release: version, version };
  // Rolling releases tell only their code name, Debian's as "trixie/sid".
  const codename = (osRelease['VERSION_CODENAME'] ?? '').split('/').at(-1) ?? '';
  const rolling = Object.hasOwn(flavor.releases, codename)
    ? codename
    : (flavor['rolling-release'] ?? codename);
  return { release: rolling, version: releaseVersion(flavor, rolling) };
}

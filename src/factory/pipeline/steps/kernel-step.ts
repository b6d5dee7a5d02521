import { z } from 'zod';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { BaseChoice } from '../../catalog/flavors/choose.ts';
import { kernelRoot } from '../../catalog/flavors/kernel-root.ts';
import { type BaseReference, formatBaseReference, parseBaseReference } from '../../config/base-reference.ts';
import type { BuildSpec } from '../../config/schema.ts';
import { isArchiveUnchanged } from '../../inputs/base/archive-state.ts';
import { baseTools } from '../../inputs/base/base-tools.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import { comparePackages } from '../../inputs/lock/package-changes.ts';
import { packageVersions, requireLockedPackages, requireSamePackages } from '../../inputs/lock/packages.ts';
import { readPackages } from '../../packages/read-packages.ts';
import type { BuildEnvironment, ImportEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, type Step, type StepKey } from '../step.ts';
import { Archive } from './base-facts.ts';
import { notBootstrapped } from './base-step.ts';
import { fingerprint } from './fingerprint.ts';
import { LockedSet } from './os-image-facts.ts';
import { RootFacts, rootFacts } from './root-facts.ts';

const KernelFacts = RootFacts.extend({
  /** The package archive of a bootstrapped root. */
  archive: z.exactOptional(Archive),
  /** The packages of a bootstrapped root. */
  packages: z.exactOptional(LockedSet),
});
type KernelFacts = Readonly<z.output<typeof KernelFacts>>;

/** The image that provides the kernel. */
export const KERNEL_STEP: StepKey<KernelFacts> = { id: 'kernel', facts: KernelFacts };

/** The environment of {@link kernelStep}. */
type KernelEnvironment = ImportEnvironment &
  Pick<BuildEnvironment, 'runner' | 'flavors' | 'offline' | 'locked' | 'epoch' | 'work' | 'target'>;

/** Options of {@link kernelStep}. */
export interface KernelStepOptions {
  /** The reference of the image. */
  readonly text: string;
  readonly spec: Pick<BuildSpec, 'arch' | 'kernel' | 'mirror' | 'snapshot' | 'lockFile'>;
  /** What the build starts from: the mirror of another distribution is not one of the kernel's. */
  readonly base: BaseChoice;
}

/** The step that brings the root that provides the kernel into the engine: an image, or a root that it bootstraps. */
export function kernelStep(env: KernelEnvironment, { text, spec, base }: KernelStepOptions): Step {
  const reference = parseBaseReference(text, process.cwd());
  if (reference.kind === 'bootstrap') return bootstrapStep(env, reference, { spec, base });
  const name = formatBaseReference(reference);
  const inputs = async () => [await fingerprint(env, reference, spec.arch), spec.arch];
  return defineStep(KERNEL_STEP, {
    title: `import kernel image ${name}`,
    needs: [],
    tools: baseTools(reference),
    inputs,
    isCurrent: ({ facts }) => env.engine.has(facts.image),
    run: async (context) => {
      const image = imageName(await inputs());
      const { engine, images, daemon } = env;
      await importBase(reference, image, { ...context, engine, images, daemon, arch: spec.arch });
      const facts = await rootFacts(env.engine, { image, name });
      if (!facts.traits.shell) {
        throw new FactoryError(
          'BASE_UNSUITABLE',
          `${name} has no /bin/sh, which extracting the kernel needs`,
          {
            remedy: 'Give an image of a distribution with a kernel and BusyBox.',
          },
        );
      }
      return { facts, files: {} };
    },
  });
}

/** The step that bootstraps a root with a kernel. Its packages are in the lock, like those of an image. */
function bootstrapStep(
  env: KernelEnvironment,
  reference: Extract<BaseReference, { kind: 'bootstrap' }>,
  { spec, base }: Omit<KernelStepOptions, 'text'>,
): Step {
  const { arch, kernel, snapshot } = spec;
  const name = formatBaseReference(reference);
  const lockName = [env.target, 'kernel-from', name, arch, kernel].filter(Boolean).join('/');
  const locked = () => (env.locked ? requireLockedPackages(spec.lockFile, lockName) : undefined);
  const isForeign = (flavor: string) => base.kind === 'bootstrap' && base.flavor !== flavor;
  const chooseRoot = () =>
    kernelRoot(env.flavors, {
      release: reference.release,
      kernel,
      arch,
      snapshot,
      mirrorOf: (flavor) => (isForeign(flavor) ? undefined : spec.mirror),
    });
  const inputs = async () => {
    locked();
    return [await chooseRoot(), arch, env.epoch] as const;
  };
  return defineStep(KERNEL_STEP, {
    title: `bootstrap kernel root ${name}`,
    needs: [],
    tools: baseTools(reference),
    shared: { kind: 'image', arch },
    inputs,
    run: async (context) => {
      if (env.offline) throw notBootstrapped();
      const given = await inputs();
      const [root] = given;
      const image = imageName(given);
      const { engine, images, daemon } = env;
      const archive = await importBase({ ...root, release: root.suite }, image, {
        ...context,
        engine,
        images,
        daemon,
        arch,
      });
      const facts = await rootFacts(engine, { image, name });
      await using open = await engine.open(image);
      const installed = packageVersions(await readPackages(open.root));
      const wanted = locked();
      if (wanted) {
        requireSamePackages(lockName, { locked: wanted, found: installed, hasSnapshots: true });
      }
      return {
        facts: { ...facts, ...(archive ? { archive } : {}), packages: { lockName, installed } },
        files: {},
        digest: cacheKey(KERNEL_STEP.id, [given, installed], []),
      };
    },
    isCurrent: async ({ facts: { image, archive, packages } }) => {
      if (!(await env.engine.has(image))) return false;
      const wanted = locked();
      if (wanted) return comparePackages(wanted.installed, packages?.installed ?? {}).length === 0;
      // A snapshot never changes.
      if (archive === undefined || env.offline || snapshot !== undefined) return true;
      return isArchiveUnchanged(env.runner, archive, env.work);
    },
  });
}

function imageName(inputs: readonly unknown[]): string {
  return `localhost/kairos-factory/kernel:${cacheKey(KERNEL_STEP.id, inputs, []).slice(0, 16)}`;
}

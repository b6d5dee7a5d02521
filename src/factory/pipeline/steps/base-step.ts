import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseOsRelease } from '../../../common/contract/os-release.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import type { BaseChoice } from '../../catalog/flavors/choose.ts';
import { type BaseReference, formatBaseReference } from '../../config/base-reference.ts';
import { loadSigners } from '../../config/load-signers.ts';
import type { BuildSpec } from '../../config/schema.ts';
import type { OpenImage } from '../../engine/container-engine.ts';
import { type RootTraits, readRootTraits } from '../../image/root/root-traits.ts';
import { type ArchiveState, isArchiveUnchanged } from '../../inputs/base/archive-state.ts';
import { checkDeclaredArch, checkRootArch } from '../../inputs/base/check-arch.ts';
import { daemonImage, importBase } from '../../inputs/base/import-base.ts';
import { MMDEBSTRAP } from '../../tools/mmdebstrap.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { rememberedHash, treeSignature } from '../digests.ts';
import type { Step, StepResult } from '../step.ts';

/** Facts that the base step leaves. */
export interface BaseFacts {
  /** Name in the engine. */
  readonly image: string;
  readonly osRelease: Readonly<Record<string, string>>;
  readonly traits: RootTraits;
  /** For a bootstrapped base: what it came from. */
  readonly archive?: ArchiveState;
}

/**
 * Takes the base into the engine. A bootstrapped base is made again when the package archive has changed.
 * @param reference where the base comes from
 * @param choice how it was chosen, with what bootstrapping needs
 */
export function baseStep(
  env: BuildEnvironment,
  spec: BuildSpec,
  reference: BaseReference,
  choice: BaseChoice,
): Step {
  const { source, title } = sourceOf(spec, reference, choice);
  const bootstrap = choice.kind === 'bootstrap' ? choice : undefined;
  const requireTrust = baseTrust(env, spec, reference);
  const inputs = async () => [
    // First of all, also when everything is cached: whose signature the base has is asked at each build.
    await requireTrust().then(() => fingerprint(env, reference, spec.arch)),
    bootstrap,
    spec.mirror,
    spec.arch,
    env.epoch,
  ];

  return {
    id: 'base',
    title,
    needs: [],
    tools: reference.kind === 'bootstrap' ? [MMDEBSTRAP] : [],
    inputs,
    run: async (context) => {
      if (env.offline && reference.kind === 'bootstrap') throw notBootstrapped();
      const image = `localhost/kairos-factory/base:${cacheKey('base', await inputs(), []).slice(0, 16)}`;
      await checkDeclaredArch(reference, formatBaseReference(reference), spec.arch);
      const archive = await importBase(source, image, {
        runner: context.runner,
        engine: env.engine,
        images: env.images,
        daemon: env.daemon,
        scratch: context.scratch,
        arch: spec.arch,
        notice: context.notice,
        say: context.say,
      });
      await using open = await env.engine.open(image);
      await checkRootArch(open.root, formatBaseReference(reference), spec.arch);
      const osRelease = await readOsRelease(open, formatBaseReference(reference));
      const traits = await readRootTraits(open.root, spec.arch);
      const facts: BaseFacts = { image, osRelease, traits, ...(archive ? { archive } : {}) };
      // A new state of the archive means new packages later, even when the bootstrapped root is the same.
      const digest = archive ? cacheKey('base', [await inputs(), archive], []) : undefined;
      return { facts: { ...facts }, files: {}, ...(digest === undefined ? {} : { digest }) };
    },
    isCurrent: async (result: StepResult) => {
      const { image, archive, traits } = result.facts as unknown as Partial<BaseFacts>;
      // Results of versions that did not look at the root yet have no traits.
      if (traits?.lacks === undefined || !(await env.engine.has(image ?? ''))) return false;
      // The past does not change.
      if (archive === undefined || env.offline || bootstrap?.snapshot) return true;
      return isArchiveUnchanged(env.runner, archive, env.work);
    },
  };
}

/**
 * What checks the signature of the base. It is no input of the step: it says who made the content, and not what it is.
 * @throws FactoryError `usage` for a base that is no image of a registry, of which nobody can say who signed it
 */
function baseTrust(
  env: Pick<BuildEnvironment, 'images'>,
  { trust, arch }: Pick<BuildSpec, 'trust' | 'arch'>,
  reference: BaseReference,
): () => Promise<void> {
  const signers = trust?.base;
  if (signers === undefined) return async () => undefined;
  if (reference.kind !== 'docker') {
    throw new FactoryError(
      'usage',
      `trust.base asks for a signature, and ${formatBaseReference(reference)} is no image of a registry`,
      {
        remedy:
          'Name the base as REGISTRY/NAME:TAG, push it to a registry and sign it; or take trust.base out.',
      },
    );
  }
  let rule: Promise<TrustRule> | undefined;
  return async () => {
    rule ??= loadSigners('trust.base', signers);
    await env.images.pin(reference.image, arch, await rule);
  };
}

function sourceOf(spec: BuildSpec, reference: BaseReference, choice: BaseChoice) {
  if (choice.kind === 'bootstrap') {
    const { suite, components, flavor, snapshot } = choice;
    return {
      source: { kind: 'bootstrap', release: suite, components, mirror: spec.mirror, snapshot } as const,
      title: `bootstrap ${flavor} ${suite}${snapshot ? ` as of ${spec.snapshot}` : ''}`,
    };
  }
  if (reference.kind === 'bootstrap') throw new Error('a bootstrap without a flavor');
  return { source: reference, title: `import base ${formatBaseReference(reference)}` };
}

export async function readOsRelease(image: OpenImage, name: string): Promise<Record<string, string>> {
  const file =
    (await resolveInRoot(image.root, '/etc/os-release')) ??
    (await resolveInRoot(image.root, '/usr/lib/os-release'));
  if (file === undefined) {
    throw new FactoryError('usage', `${name} has neither /etc/os-release nor /usr/lib/os-release`, {
      remedy: 'It is no distribution’s root filesystem; give the root itself, not a directory around it.',
    });
  }
  return Object.fromEntries(parseOsRelease(await readFile(file, 'utf8')));
}

function notBootstrapped(): FactoryError {
  return new FactoryError('step', 'it is not in the cache, and --offline fetches no packages', {
    remedy: 'Run the same command once without --offline, where the package archive can be reached.',
  });
}

/** What identifies the content that a reference leads to. @throws FactoryError `usage` when it leads nowhere */
export async function fingerprint(
  env: Pick<BuildEnvironment, 'digests' | 'images' | 'daemon'>,
  reference: BaseReference,
  arch: string,
): Promise<string> {
  switch (reference.kind) {
    case 'bootstrap':
      return 'bootstrap';
    case 'docker':
      return (await env.images.pin(reference.image, arch)).manifest;
    case 'docker-daemon':
      return daemonImage(await env.daemon(), reference.name);
    case 'dir':
      return mustExist(reference.path, async () => treeSignature(reference.path));
    case 'oci':
      return mustExist(reference.path, async () => {
        const index = await readFile(join(reference.path, 'index.json'), 'utf8').catch(() => {
          throw new FactoryError('usage', `${reference.path} is no OCI image layout: it has no index.json`);
        });
        return `${index} ${reference.tag ?? ''}`;
      });
    default:
      return mustExist(reference.path, () => rememberedHash(env.digests, reference.path));
  }
}

async function mustExist(path: string, then: () => Promise<string>): Promise<string> {
  if (existsSync(path)) return then();
  throw new FactoryError('usage', `${path} does not exist`, { remedy: 'Check the path of the image.' });
}

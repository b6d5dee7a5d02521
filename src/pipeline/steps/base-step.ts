import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveState, isArchiveUnchanged } from '../../base/archive-state.ts';
import { importBase } from '../../base/import-base.ts';
import { formatReference, type Reference } from '../../base/reference.ts';
import type { OpenImage } from '../../engine/container-engine.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import type { Flavor } from '../../flavors/schema.ts';
import { releaseVersion } from '../../flavors/select.ts';
import { parseOsRelease } from '../../layout/os-release.ts';
import { resolveInRoot } from '../../rootfs/resolve-path.ts';
import { type RootTraits, readRootTraits } from '../../rootfs/root-traits.ts';
import type { BuildSpec } from '../../spec/schema.ts';
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
 * @throws FactoryError `usage` when the flavor has no such release
 */
export function baseStep(env: BuildEnvironment, spec: BuildSpec, flavor: Flavor, reference: Reference): Step {
  const release =
    reference.kind === 'bootstrap' ? (reference.release ?? flavor['default-release']) : undefined;
  if (release !== undefined && flavor.bootstrap === undefined) {
    throw new FactoryError('usage', `flavor ${flavor.name} cannot be bootstrapped`, {
      remedy: 'Name a root filesystem or an image with --base.',
    });
  }
  if (release !== undefined) releaseVersion(flavor, release);
  const source =
    reference.kind === 'bootstrap'
      ? {
          ...reference,
          release: release ?? flavor['default-release'],
          mirror: spec.mirror,
        }
      : reference;
  const inputs = async () => [await fingerprint(env, reference), release, spec.mirror, spec.arch, env.epoch];
  const title =
    release === undefined
      ? `import base ${formatReference(reference)}`
      : `bootstrap ${flavor.name} ${release}`;

  return {
    id: 'base',
    title,
    needs: [],
    inputs,
    run: async (context) => {
      const image = `localhost/kairos-factory/base:${cacheKey('base', await inputs(), []).slice(0, 16)}`;
      const archive = await importBase(source, image, {
        runner: context.runner,
        engine: env.engine,
        scratch: context.scratch,
        arch: spec.arch,
        notice: context.notice,
        say: context.say,
      });
      await using open = await env.engine.open(image);
      const osRelease = await readOsRelease(open, formatReference(reference));
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
      return archive === undefined || isArchiveUnchanged(env.runner, archive, env.work);
    },
  };
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

/** What identifies the content that a reference leads to. @throws FactoryError `usage` when it leads nowhere */
export async function fingerprint(
  env: Pick<BuildEnvironment, 'digests'>,
  reference: Reference,
): Promise<string> {
  switch (reference.kind) {
    case 'bootstrap':
      return 'bootstrap';
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

import { randomUUID } from 'node:crypto';
import { inspectImage } from '../../../common/contract/inspect-root.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type ContextEntry, packContext } from '../../image/context/context-tar.ts';
import { takeBuildNotices } from '../../image/root/build-notices.ts';
import { hiddenFiles } from '../../image/root/hidden-files.ts';
import { followPackages } from '../../packages/installation-progress.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import type { StepContext, StepOutput } from '../step.ts';
import type { OsImageFacts } from './os-image-facts.ts';

/** A build of the engine. */
interface ImageBuild {
  readonly entries: readonly ContextEntry[];
  /** Name that the image gets in the engine. */
  readonly image: string;
  readonly arch: string;
  /** Whether another build uses the image as its base. */
  readonly isBase?: boolean;
}

/** Builds an image in the engine. @throws FactoryError `step` when the build fails, with a hint about `--offline` */
export async function buildImage(
  { engine, useCache, offline }: Pick<BuildEnvironment, 'engine' | 'useCache' | 'offline'>,
  { say, glimpse }: Pick<StepContext, 'say' | 'glimpse'>,
  { entries, image, arch, isBase = false }: ImageBuild,
): Promise<void> {
  try {
    const options = { onStep: say, onOutput: followPackages(glimpse), useCache, offline, arch, isBase };
    await engine.build(packContext(entries), image, options);
  } catch (error) {
    if (!offline || !(error instanceof FactoryError) || error.kind !== 'step') throw error;
    throw new FactoryError('NOT_CACHED', 'the build needs the network, but --offline is set', {
      details: error.details,
      remedy:
        'Its last lines name the missing content. Run the same command once without --offline, with network access.',
      cause: error,
    });
  }
}

/** An image that becomes the OS image. */
interface Unsealed {
  /** Name of the image in the engine. */
  readonly image: string;
  /** Name of the image in messages. */
  readonly name: string;
  /** Brings the root into its final form; absent to leave it unchanged. */
  readonly seal?: (root: string) => Promise<unknown>;
  /** Reads more facts from the sealed root. */
  readonly readMore?: (root: string) => Promise<Partial<OsImageFacts>>;
}

/** Seals an image and checks it. @throws FactoryError `verification` when it is not an OS image */
export async function sealImage(
  { engine }: Pick<BuildEnvironment, 'engine'>,
  { say, notice }: Pick<StepContext, 'say' | 'notice'>,
  { image: from, name, seal, readMore }: Unsealed,
): Promise<StepOutput<OsImageFacts>> {
  const image = `localhost/kairos-factory/os:${randomUUID()}`;
  await using open = await engine.open(from);
  say('sealing and checking the image');
  for (const line of await takeBuildNotices(open.root)) notice(line);
  await seal?.(open.root);
  const facts = await inspectImage(open.root, name, notice);
  const hidden = await hiddenFiles(open.root);
  if (hidden !== undefined) notice(hidden);
  const more = await readMore?.(open.root);
  await open.commit(image);
  return { facts: { image, facts, ...more }, files: {} };
}

import { randomUUID } from 'node:crypto';
import { inspectImage } from '../../../common/contract/inspect-root.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type ContextEntry, packContext } from '../../image/context/context-tar.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import type { StepContext, StepOutput } from '../step.ts';
import type { OsImageFacts } from './os-image-facts.ts';

/** What the engine builds. */
interface ImageBuild {
  readonly entries: readonly ContextEntry[];
  /** Name that the image gets in the engine. */
  readonly image: string;
  readonly arch: string;
  /** Whether another build begins with it. */
  readonly isBase?: boolean;
}

/** Builds an image in the engine. @throws FactoryError `step` when that fails, with the remedy of `--offline` */
export async function buildImage(
  { engine, useCache, offline }: Pick<BuildEnvironment, 'engine' | 'useCache' | 'offline'>,
  { say }: Pick<StepContext, 'say'>,
  { entries, image, arch, isBase = false }: ImageBuild,
): Promise<void> {
  try {
    await engine.build(packContext(entries), image, { onStep: say, useCache, offline, arch, isBase });
  } catch (error) {
    if (!offline || !(error instanceof FactoryError) || error.kind !== 'step') throw error;
    throw new FactoryError('NOT_CACHED', 'it wants a network, and --offline gives it none', {
      details: error.details,
      remedy:
        'What it wanted to fetch is in its last lines. Run the same command once without --offline, where there is a network.',
      cause: error,
    });
  }
}

/** An image that is to become the OS image. */
interface Unsealed {
  /** Its name in the engine. */
  readonly image: string;
  /** What messages call it. */
  readonly name: string;
  /** Brings the root into its final form; absent for one that is left as it is. */
  readonly seal?: (root: string) => Promise<unknown>;
  /** Reads more facts from the sealed root. */
  readonly readMore?: (root: string) => Promise<Partial<OsImageFacts>>;
}

/** Seals an image and checks that it is an OS image. @throws FactoryError `verification` when it is none */
export async function sealImage(
  { engine }: Pick<BuildEnvironment, 'engine'>,
  { say, notice }: Pick<StepContext, 'say' | 'notice'>,
  { image: from, name, seal, readMore }: Unsealed,
): Promise<StepOutput<OsImageFacts>> {
  const image = `localhost/kairos-factory/os:${randomUUID()}`;
  await using open = await engine.open(from);
  say('sealing and checking the image');
  await seal?.(open.root);
  const facts = await inspectImage(open.root, name, notice);
  const more = await readMore?.(open.root);
  await open.commit(image);
  return { facts: { image, facts, ...more }, files: {} };
}

import { z } from 'zod';
import type { ImageFacts } from '../../../common/contract/image-facts.ts';
import { type ImageIdentity, identityFrom } from '../../../common/contract/kairos-release.ts';
import { checkedIdentity } from '../../../common/contract/name-part.ts';
import { type Results, resultOf, type StepKey } from '../step.ts';

const facts: z.ZodType<ImageFacts> = z.object({
  epoch: z.number(),
  tree: z.object({ bytes: z.number(), inodes: z.number(), newest: z.number() }),
  release: z.record(z.string(), z.string()),
  osId: z.string(),
  selinux: z.exactOptional(z.string()),
  kernel: z.exactOptional(z.string()),
  osLike: z.exactOptional(z.string()),
});

/** Installed packages with their versions, and their name in the lock. */
export const LockedSet = z.object({
  lockName: z.string(),
  installed: z.record(z.string(), z.string()),
});

const OsImageFacts = z.object({
  /** Name of the image in the engine. */
  image: z.string(),
  facts,
  /** The installed packages with their versions, and their name in the lock; absent if the build installed none. */
  packages: z.exactOptional(LockedSet),
  /** Whether the versions came from a lock instead of the archive's newest. */
  pinned: z.exactOptional(z.boolean()),
});
/** Facts of the OS image. */
export type OsImageFacts = Readonly<z.output<typeof OsImageFacts>>;

/** The OS image, built or imported. */
export const IMAGE_STEP: StepKey<OsImageFacts> = { id: 'image', facts: OsImageFacts };

/** The facts of the OS image among the results. */
export function osImageFacts(results: Results): OsImageFacts {
  return resultOf(results, IMAGE_STEP).facts;
}

/**
 * The identity of an OS image in `/etc/kairos-release`.
 * @throws FactoryError `verification` when names cannot be made from it
 */
export function imageIdentity({ release }: Pick<ImageFacts, 'release'>): ImageIdentity {
  return checkedIdentity(identityFrom(new Map(Object.entries(release))));
}

import { z } from 'zod';
import type { ArchiveState } from '../../inputs/base/archive-state.ts';
import type { StepKey } from '../step.ts';
import { RootFacts } from './root-facts.ts';

/** Schema of the state of a package archive. */
export const Archive: z.ZodType<ArchiveState> = z.object({
  indexes: z.array(z.object({ url: z.string(), sha256: z.string() })),
  date: z.number(),
});

const BaseFacts = RootFacts.extend({
  /** The package archive of a bootstrapped base. */
  archive: z.exactOptional(Archive),
});
/** Facts of a base. */
export type BaseFacts = Readonly<z.output<typeof BaseFacts>>;

/** The imported or bootstrapped base. */
export const BASE_STEP: StepKey<BaseFacts> = { id: 'base', facts: BaseFacts };

/** The base after the user's own Containerfile. */
export const CONTAINERFILE_STEP: StepKey<BaseFacts> = { id: 'containerfile', facts: BaseFacts };

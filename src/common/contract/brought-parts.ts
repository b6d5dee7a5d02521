import { z } from 'zod';

/** Directory of the programs that an image brings along because its base has none. */
export const BROUGHT_DIRECTORY = '/usr/lib/kairos/programs';
/** Lists the packages that those come from, for SBOMs. */
export const BROUGHT_PARTS = `${BROUGHT_DIRECTORY}/parts.json`;

/** A package from which an image has files that no package manager knows. */
export const BroughtPart = z.object({
  name: z.string(),
  version: z.string(),
  /** SPDX expression. */
  licence: z.string(),
  purl: z.string(),
});
export type BroughtPart = z.infer<typeof BroughtPart>;

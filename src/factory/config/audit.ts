import { z } from 'zod';

const Allowed = z.strictObject({
  path: z.string().min(1).meta({
    description: 'Path of a finding as reported; `*` matches within a name, `**` any path.',
  }),
  reason: z.string().min(1).meta({ description: 'Why it is not a secret.' }),
});

/** The key `audit`. */
export const Audit = z.strictObject({
  allow: z.array(Allowed).default([]).meta({ description: 'Findings that are not secrets.' }),
});
export type Audit = z.output<typeof Audit>;

import { z } from 'zod';

const Allowed = z.strictObject({
  path: z.string().min(1).meta({
    description: 'Of a finding, as it was told; `*` stands for a part of a name, `**` for any path.',
  }),
  reason: z.string().min(1).meta({ description: 'Why it is no secret.' }),
});

/** The key `audit`. */
export const Audit = z.strictObject({
  allow: z.array(Allowed).default([]).meta({ description: 'Findings that are no secrets.' }),
});
export type Audit = z.output<typeof Audit>;

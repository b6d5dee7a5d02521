import { RULES } from './rules.ts';
import { SpecFields } from './spec-fields.ts';

/** The spec of an OSArtifact, with its rules for the API server. */
export const OSArtifactSchema = SpecFields.meta({
  'x-kubernetes-validations': RULES.map(({ rule, message }) => ({ rule, message })),
});

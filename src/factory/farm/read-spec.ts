import type { KubeObject } from '../kubernetes/objects.ts';
import { refusals } from './refusals.ts';
import { RULES } from './rules.ts';
import { type OSArtifactSpec, SpecFields } from './spec-fields.ts';

/** Longest text about a spec that cannot be built. */
const LONGEST = 1000;

/**
 * Reads the spec of an OSArtifact. The API server has checked most of it; what it cannot check, and what an older one did not, is
 * checked here.
 * @returns the spec, or a text that names each wrong field
 */
export function readSpec(object: KubeObject & { readonly spec?: unknown }): OSArtifactSpec | string {
  const parsed = SpecFields.safeParse(object.spec);
  if (!parsed.success)
    return joined(
      parsed.error.issues.map(({ path, message }) => `${['spec', ...path].join('.')}: ${message}`),
    );
  const spec = parsed.data;
  const broken = RULES.filter(({ holds }) => !holds(spec)).map(({ message }) => message);
  const problems = [...broken, ...refusals(spec)];
  return problems.length > 0 ? joined(problems.map((problem) => `spec.${problem}`)) : spec;
}

function joined(problems: readonly string[]): string {
  return problems.join('; ').slice(0, LONGEST);
}

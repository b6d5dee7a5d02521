import { Option } from '@commander-js/extra-typings';
import { LIFE_EVENTS } from '../../common/trust/proof.ts';
import { requireBootable } from '../config/bootable.ts';
import { DEFAULT_PROOF, type ProveSpec } from '../config/prove.ts';
import type { ArtifactsSpec } from '../config/schema.ts';
import { parseEvents } from '../prove/life.ts';
import { GROUPS } from './option-groups.ts';

/** The option `--prove` of commands that build. */
export const PROVE_OPTION = new Option(
  '--prove [events]',
  `prove the artifacts before they are signed and published: ${LIFE_EVENTS.join(', ')} (default: boot, or the configuration key "prove")`,
).helpGroup(GROUPS.trust);

/** The opposite of {@link PROVE_OPTION}. */
export const NO_PROVE_OPTION = new Option('--no-prove', 'do not prove, even if configured').helpGroup(
  GROUPS.trust,
);

/** The value of the option by configuration key. @throws FactoryError `usage` for an unknown event */
export function proveFlag(prove: string | boolean | undefined): Record<string, unknown> {
  return { 'prove.life': typeof prove === 'string' ? parseEvents('--prove', prove) : undefined };
}

/** The proof that the option asks for, given what is configured. @throws FactoryError `usage` when nothing would boot */
export function chosenProof(
  option: string | boolean | undefined,
  { artifacts, prove: configured }: Pick<ArtifactsSpec, 'artifacts' | 'prove'>,
): ProveSpec | undefined {
  if (option === false) return undefined;
  const prove = configured ?? (option === true ? DEFAULT_PROOF : undefined);
  requireBootable({ artifacts, prove });
  return prove;
}

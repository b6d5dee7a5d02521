import { z } from 'zod';
import { LIFE_EVENTS, type LifeEvent, RequiredEvents } from '../../common/trust/proof.ts';

/** The firmware of machines that prove artifacts. */
export const FIRMWARES = ['bios', 'uefi', 'secureboot'] as const;
export type Firmware = (typeof FIRMWARES)[number];

/** The longest limit for one boot or one check, in seconds. */
export const LONGEST_LIMIT = 86_400;

/** The key `prove`: the proof of a build's artifacts before they are signed and published. */
export const Prove = z
  .strictObject({
    life: RequiredEvents.default(['boot']).meta({
      description: 'Events that each artifact must live through, such as boot and upgrade.',
    }),
    firmware: z
      .array(z.enum(FIRMWARES))
      .min(1)
      .default(['uefi'])
      .meta({ description: 'Firmware on which each artifact boots.' }),
    checks: z
      .string()
      .optional()
      .meta({ description: 'Your own checks: a shell script, or a directory of them.' }),
    timeout: z
      .int()
      .min(1)
      .max(LONGEST_LIMIT)
      .optional()
      .meta({ description: 'Seconds for one boot or one check; 300 by default, 1200 when emulated.' }),
    kvm: z
      .boolean()
      .default(true)
      .meta({ description: 'Whether to use hardware virtualisation where it is available.' }),
  })
  .transform((spec) => ({ ...spec, life: lifeOf(spec.life) }));
export type ProveSpec = z.output<typeof Prove>;

/** A proof without settings: the artifacts boot. */
export const DEFAULT_PROOF: ProveSpec = Prove.parse({});

/** The events of a life, which begins with the boot, in their order. */
export function lifeOf(events: readonly LifeEvent[]): LifeEvent[] {
  return LIFE_EVENTS.filter((event) => event === 'boot' || events.includes(event));
}

import { z } from 'zod';

/** Words, separated by spaces and line ends. */
const words = z.string().transform((text) => text.split(/\s+/).filter(Boolean));

/** The data file with the modules and programs of the initramfs. */
export const ModuleSets = z.strictObject({
  /** The modules that no system boots without, with the kernel's option for each. */
  required: z.record(z.string(), z.string().regex(/^CONFIG_[A-Z0-9_]+$/)),
  sets: z.array(
    z.strictObject({
      name: z.string(),
      /** The devices that it serves, for docs/hardware.md. */
      hardware: z.string().optional(),
      /** Names; those that a kernel lacks are skipped. */
      modules: words.default([]),
      /** Directories below the kernel's own; all modules in them. */
      directories: words.default([]),
      /** The archive that contains them; the one for the network is read only by machines that boot over it. */
      archive: z.enum(['main', 'network']).default('main'),
      /** The architectures that need the set; by default all. */
      arches: words.optional(),
    }),
  ),
  /** Directories and names that are left out of the `directories` of all sets, with the reason. */
  'left-out': z.array(z.strictObject({ why: z.string(), names: words })).default([]),
  /** Commands of the scripts. BusyBox provides those that it has; the others come from the image. */
  commands: words,
  /** Programs of the image, also where BusyBox has a command of the same name. */
  programs: words,
  /** Programs that are taken along where the image has them. */
  optional: words.default([]),
  /** Commands of the scripts that only a boot over the network calls. */
  network: words.default([]),
});
export type ModuleSets = z.infer<typeof ModuleSets>;

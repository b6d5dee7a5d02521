import { z } from 'zod';
import { ARCHES } from '../../../common/contract/architectures.ts';
import { Conditional } from '../flavors/schema.ts';

const Arch = z.enum(ARCHES);
/** One word of the kernel command line, which a GRUB script puts in double quotes. */
const Argument = z.string().regex(/^[A-Za-z0-9_.,:=/+-]+$/, 'is not a single kernel argument');
/** A relative path on a FAT filesystem that cannot leave its root. */
const EspPath = z
  .string()
  .regex(/^(?!.*\.\.)[A-Za-z0-9_-][\w.-]*(\/[\w-][\w.-]*)*$/, 'is not a path on the ESP');

/** Additional settings of a flavor for a board. */
const BoardFlavor = z.strictObject({
  kernels: z
    .array(z.string())
    .optional()
    .meta({ description: 'Kernel choices of the flavor with drivers for the board; all when absent.' }),
  packages: z
    .array(Conditional)
    .default([])
    .meta({ description: 'Packages in addition to those of the flavor.' }),
  components: z
    .array(Conditional)
    .default([])
    .meta({ description: 'Components of the package archive with these packages.' }),
  files: z
    .array(
      z.strictObject({
        from: z
          .string()
          .regex(/^\/[\w./*+-]+$/, 'is not an absolute path')
          .meta({ description: 'Path in the image; `*` matches any characters but `/`.' }),
        to: EspPath.meta({ description: 'Path on the EFI system partition.' }),
      }),
    )
    .default([])
    .meta({ description: 'Files of the image that the firmware of the board reads.' }),
});

/** A board: `models/NAME.yaml` (docs/contract.md 2.2, 6.1, 6.3). */
export const Model = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string(),
  arches: z.array(Arch).min(1),
  consoles: z
    .partialRecord(Arch, z.array(Argument).min(1))
    .meta({ description: 'Serial consoles by architecture; the screen follows them.' }),
  arguments: z.array(Argument).default([]).meta({ description: 'Further kernel arguments.' }),
  flavors: z
    .record(z.string(), BoardFlavor)
    .optional()
    .meta({ description: 'Settings by flavor; any flavor is supported when absent.' }),
  'firmware-config': z
    .record(EspPath, z.string())
    .default({})
    .meta({ description: 'Text files on the EFI system partition, by their path there.' }),
});
export type Model = z.infer<typeof Model>;

import { z } from 'zod';
import { ARCHES } from '../../../common/contract/architectures.ts';
import { Conditional } from '../flavors/schema.ts';

const Arch = z.enum(ARCHES);
/** One word of the kernel's command line, which stands inside double quotes of a GRUB script. */
const Argument = z.string().regex(/^[A-Za-z0-9_.,:=/+-]+$/, 'is not one argument of a kernel');
/** A relative path of a FAT filesystem without anything that leads outside. */
const EspPath = z
  .string()
  .regex(/^(?!.*\.\.)[A-Za-z0-9_-][\w.-]*(\/[\w-][\w.-]*)*$/, 'is not a path on the ESP');

/** What a flavor needs besides for a board. */
const BoardFlavor = z.strictObject({
  kernels: z
    .array(z.string())
    .optional()
    .meta({ description: 'Which kernel choices of the flavor have its drivers; all when absent.' }),
  packages: z.array(Conditional).default([]).meta({ description: 'Packages besides those of the flavor.' }),
  components: z
    .array(Conditional)
    .default([])
    .meta({ description: 'Components of the package archive that these packages are in.' }),
  files: z
    .array(
      z.strictObject({
        from: z
          .string()
          .regex(/^\/[\w./*+-]+$/, 'is not an absolute path')
          .meta({ description: 'Path in the image; `*` stands for any characters but `/`.' }),
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
    .meta({ description: 'Serial consoles by architecture; the screen comes after them.' }),
  arguments: z.array(Argument).default([]).meta({ description: 'Further arguments of the kernel.' }),
  flavors: z
    .record(z.string(), BoardFlavor)
    .optional()
    .meta({ description: 'What each flavor needs for it; any flavor will do when absent.' }),
  'firmware-config': z
    .record(EspPath, z.string())
    .default({})
    .meta({ description: 'Text files on the EFI system partition, by their path there.' }),
});
export type Model = z.infer<typeof Model>;

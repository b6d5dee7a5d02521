import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHITECTURES } from '../../common/contract/architectures.ts';
import { boardFiles } from '../../common/contract/board-files.ts';
import { grubConfig, signedNames, vendorDirectories } from '../../common/contract/boot-loader.ts';
import type { ArtifactContext, ArtifactInputs } from './artifact.ts';
import { makeEfiGrub } from './grub-images.ts';

/** A path on an EFI system partition and the file to copy to it. */
export type EspEntry = readonly [path: string, source: string];

/**
 * The content of an EFI system partition (docs/contract.md 1.4, 3.1): shim and signed GRUB at the fallback path, or an
 * unsigned GRUB; the stub configuration at every path where a signed GRUB looks for it; and the files that the firmware
 * of the board needs.
 * @param medium.grub which of the image's signed GRUBs to use
 * @param medium.stub GRUB commands that find the medium
 * @returns the entries, or `undefined` when the image has no boot loader for UEFI
 */
export async function espEntries(
  inputs: ArtifactInputs,
  context: Pick<ArtifactContext, 'runner' | 'scratch'>,
  medium: { readonly grub: 'grub' | 'grubLive'; readonly stub: string },
): Promise<EspEntry[] | undefined> {
  const config = join(context.scratch, 'esp-grub.cfg');
  await writeFile(config, grubConfig(medium.stub));
  const names = signedNames(inputs.facts.osId, inputs.arch);
  const configs: EspEntry[] = [
    ['EFI/BOOT/grub.cfg', config],
    ...vendorDirectories(inputs.facts.osId, inputs.facts.osLike ?? '').map(
      (vendor): EspEntry => [`EFI/${vendor}/grub.cfg`, config],
    ),
  ];
  const board = await boardFiles(inputs.optionalFile('boot', 'boardFiles'));
  const { arch } = inputs;
  const { efi } = ARCHITECTURES[arch];
  const shim = inputs.optionalFile('boot', 'shim');
  const grub = inputs.optionalFile('boot', medium.grub);
  if (shim && grub) {
    const mokManager = inputs.optionalFile('boot', 'mokManager');
    const signed: EspEntry[] = [
      [`EFI/BOOT/${efi.fallback}`, shim],
      [`EFI/BOOT/${names.grub}`, grub],
    ];
    if (mokManager) signed.push([`EFI/BOOT/${names.mokManager}`, mokManager]);
    return [...signed, ...configs, ...board];
  }
  const modules = inputs.optionalFile('boot', 'efiModules');
  if (!modules) return undefined;
  const unsigned = join(context.scratch, efi.fallback);
  await makeEfiGrub(unsigned, { arch, stub: medium.stub }, { ...context, modules });
  return [[`EFI/BOOT/${efi.fallback}`, unsigned], ...configs, ...board];
}

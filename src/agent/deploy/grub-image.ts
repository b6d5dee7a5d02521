import { readdir } from 'node:fs/promises';
import { INSTALLED_STUB, usableModules } from '../../common/contract/boot-loader.ts';
import { GRUB_FILE } from '../../common/contract/partition-files.ts';
import type { Host } from '../../common/host/host.ts';

/** The contents of a GRUB image. */
export interface GrubImage {
  /** Directory of the modules of an image. */
  readonly modules: string;
  /** Platform of the image, such as `i386-pc`. */
  readonly format: string;
  /** Modules to include. */
  readonly names: readonly string[];
}

/**
 * Builds a GRUB image with the `grub-mkimage` of the running system and the modules of an image.
 * @throws FactoryError `tool` or `step` of that program
 */
export async function makeGrubImage(host: Host, { modules, format, names }: GrubImage): Promise<Buffer> {
  const program = (await host.has('grub-mkimage')) ? 'grub-mkimage' : 'grub2-mkimage';
  const scratch = await host.temporary('kairos-grub-');
  try {
    const config = `${scratch}/early.cfg`;
    const output = `${scratch}/core.img`;
    await host.write(config, INSTALLED_STUB);
    const target = ['-O', format, '-d', modules, '-p', `/${GRUB_FILE.directory}`];
    const files = ['-c', host.resolve(config), '-o', host.resolve(output)];
    await host.run(program, [...target, ...files, ...usableModules(names, await readdir(modules))]);
    return Buffer.from((await host.readBytes(output)) ?? []);
  } finally {
    await host.remove(scratch);
  }
}

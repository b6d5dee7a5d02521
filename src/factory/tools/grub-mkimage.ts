import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const GRUB_MKIMAGE: HostTool = {
  name: 'grub-mkimage',
  aliases: ['grub2-mkimage'],
  package: 'grub-common',
  purpose: 'makes the boot loaders of ISO and disks',
  version: {
    args: ['--version'],
    pattern: /(\d+\.\d+)/,
    range: '>=2.4.0',
    reason: 'it needs GRUB 2.04 or newer',
  },
};

/**
 * Builds a GRUB core image and writes it to `output`.
 * @param options.modules directory with the platform's `*.mod` and `*.img` files
 * @param options.names modules to build in
 * @param options.config file with the commands that GRUB runs first
 */
export async function grubMkimage(
  runner: Runner,
  output: string,
  options: {
    readonly format: 'i386-pc' | 'i386-pc-eltorito' | 'x86_64-efi' | 'arm64-efi';
    readonly modules: string;
    readonly names: readonly string[];
    readonly prefix: string;
    readonly config: string;
  },
): Promise<void> {
  const { format, modules, names, prefix, config } = options;
  const args = ['-O', format, '-d', modules, '-p', prefix, '-c', config, '-o', output];
  await runner.run(GRUB_MKIMAGE, [...args, ...names]);
}

import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const GRUB_MKIMAGE: HostTool = {
  name: 'grub-mkimage',
  package: 'grub-common',
  version: {
    args: ['--version'],
    pattern: /(\d+\.\d+)/,
    range: '>=2.4.0',
    reason: 'it needs GRUB 2.04 or newer',
  },
};

/**
 * Makes a GRUB core image.
 * @param options.modules directory with the platform's `*.mod` and `*.img` files
 * @param options.names modules to build in
 * @param options.config file with the commands run first
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
  const args = [
    '-O',
    options.format,
    '-d',
    options.modules,
    '-p',
    options.prefix,
    '-c',
    options.config,
    '-o',
    output,
  ];
  await runner.run(GRUB_MKIMAGE, [...args, ...options.names]);
}

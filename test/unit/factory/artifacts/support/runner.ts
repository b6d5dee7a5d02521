import { truncateSync, writeFileSync } from 'node:fs';
import { GRUB_MKIMAGE } from '../../../../../src/factory/tools/grub-mkimage.ts';
import { createRunner, type Runner } from '../../../../../src/factory/tools/runner.ts';

/** A runner that uses the host's real tools. */
export function realRunner(): Runner {
  const { signal } = new AbortController();
  return createRunner({ signal, log: () => undefined, env: process.env });
}

/** A runner that replaces `grub-mkimage`, which would need modules: it records calls, and writes an image of the given size. */
export function withoutGrub(size: number): { readonly runner: Runner; readonly calls: string[][] } {
  const real = realRunner();
  const calls: string[][] = [];
  const run: Runner['run'] = async (tool, args, options) => {
    if (tool !== GRUB_MKIMAGE) return real.run(tool, args, options);
    calls.push([...args]);
    const output = args[args.indexOf('-o') + 1] ?? '';
    writeFileSync(output, 'GRUB');
    truncateSync(output, size);
    return { stdout: '', stderr: '', exitCode: 0 };
  };
  return { runner: { ...real, run }, calls };
}

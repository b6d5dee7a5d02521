import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const MMDEBSTRAP: HostTool = {
  name: 'mmdebstrap',
  package: 'mmdebstrap',
  purpose: 'bootstraps roots of the Debian family',
};

/**
 * Bootstraps a minimal root of the Debian family as a tar file.
 * @param options.release the suite
 * @param options.mirror URL of the archive; mmdebstrap's default, with updates and security, when absent
 * @param options.packages packages to install in addition
 * @param options.components components of the archive, such as `main`
 * @param options.sources lines of a sources.list to use instead of a mirror, and the lines that the root keeps
 * @param options.lists directory that receives apt's lists, which identify the state of the archive
 */
export async function mmdebstrap(
  runner: Runner,
  output: string,
  options: {
    readonly release: string;
    readonly arch: string;
    readonly mirror: string | undefined;
    readonly components: readonly string[];
    readonly packages?: readonly string[] | undefined;
    readonly lists: string;
    /** Called with each line that it prints. */
    readonly onLine?: ((line: string) => void) | undefined;
    readonly sources?: { readonly lines: readonly string[]; readonly kept: readonly string[] } | undefined;
  },
): Promise<void> {
  const args = [
    '--variant=minbase',
    `--architectures=${options.arch}`,
    '--format=tar',
    `--include=${['ca-certificates', ...(options.packages ?? [])].join(',')}`,
    `--components=${options.components.join(',')}`,
  ];
  args.push(`--customize-hook=sync-out /var/lib/apt/lists ${options.lists}`);
  if (options.sources === undefined) {
    args.push(options.release, output, ...(options.mirror === undefined ? [] : [options.mirror]));
    await runner.run(MMDEBSTRAP, args, { onLine: options.onLine ?? (() => undefined) });
    return;
  }
  const kept = join(options.lists, '..', 'sources.list');
  await writeFile(kept, options.sources.kept.map((line) => `${line}\n`).join(''));
  // Snapshot archives answer slowly and limit the request rate.
  args.push('--aptopt=Acquire::Retries "5"', `--customize-hook=upload ${kept} /etc/apt/sources.list`);
  args.push(options.release, output, ...options.sources.lines);
  await runner.run(MMDEBSTRAP, args, { onLine: options.onLine ?? (() => undefined) });
}

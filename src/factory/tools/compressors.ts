import type { Readable, Writable } from 'node:stream';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const ZSTD: HostTool = {
  name: 'zstd',
  package: 'zstd',
  purpose: 'compresses image layers, reads compressed bases',
};
export const GZIP: HostTool = {
  name: 'gzip',
  package: 'gzip',
  purpose: 'compresses image layers for older tools',
};
/** A gzip that uses all cores. */
export const PIGZ: HostTool = {
  name: 'pigz',
  package: 'pigz',
  purpose: 'compresses disks for Google Cloud on all cores',
};
export const XZ: HostTool = { name: 'xz', package: 'xz-utils', purpose: 'reads bases compressed with xz' };

/** Decompresses a stream. @param tool {@link ZSTD} or {@link XZ} */
export async function decompress(
  runner: Runner,
  tool: HostTool,
  streams: { readonly input: Readable; readonly output: Writable },
): Promise<void> {
  await runner.run(tool, ['-d', '-c', '-q'], streams);
}

/** Compresses a stream with zstd at level 3 on all cores; the number of cores does not change the bytes. */
export async function compressZstd(runner: Runner, input: Readable, output: Writable): Promise<void> {
  await runner.run(ZSTD, ['-3', '-T0', '-c', '-q'], { input, output });
}

/** Compresses a stream with gzip at level 6, without a name and a time. The library of Node.js gives other bytes per processor. */
export async function compressGzip(runner: Runner, input: Readable, output: Writable): Promise<void> {
  await runner.run(GZIP, ['-6', '-n', '-c'], { input, output });
}

/** Compresses a stream like {@link compressGzip} on all cores; the number of cores does not change the bytes. */
export async function compressPigz(runner: Runner, input: Readable, output: Writable): Promise<void> {
  await runner.run(PIGZ, ['-6', '-n', '-c'], { input, output });
}

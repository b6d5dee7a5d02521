import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** Reads files and decompresses those whose names end in `.xz`, `.gz` or `.zst`. The order is that of the paths. */
export async function readDecompressed(host: Host, paths: readonly string[]): Promise<Uint8Array[]> {
  const unpacked = await unpackXz(
    host,
    paths.filter((path) => path.endsWith('.xz')),
  );
  return Promise.all(
    paths.map(async (path) => {
      const ready = unpacked.get(path);
      if (ready !== undefined) return ready;
      const bytes = await host.readBytes(path);
      if (bytes === undefined) {
        throw new FactoryError('IMAGE_INCOMPLETE', `the image has no ${path}, which its index lists`, {
          remedy: 'Run "depmod" in the image.',
        });
      }
      if (path.endsWith('.gz')) return gunzipSync(bytes);
      if (path.endsWith('.zst')) return zstdDecompressSync(bytes);
      return bytes;
    }),
  );
}

/** The runtime has no decoder for xz, so the image's own unpacks all of them at once. */
async function unpackXz(host: Host, paths: readonly string[]): Promise<Map<string, Uint8Array>> {
  const unpacked = new Map<string, Uint8Array>();
  if (paths.length === 0) return unpacked;
  const program = (await host.has('xz')) ? ['xz'] : ['busybox', 'xz'];
  const home = await host.temporary('kairos-initramfs-');
  try {
    const copies = paths.map((_, index) => `${home}/${index}`);
    for (const [index, path] of paths.entries()) {
      const bytes = await host.readBytes(path);
      if (bytes !== undefined) await host.write(`${copies[index]}.xz`, bytes);
    }
    const [name = '', ...args] = program;
    await host.run(name, [...args, '-d', ...copies.map((copy) => host.resolve(`${copy}.xz`))]);
    for (const [index, path] of paths.entries()) {
      const bytes = await host.readBytes(copies[index] ?? '');
      if (bytes !== undefined) unpacked.set(path, bytes);
    }
    return unpacked;
  } finally {
    await host.remove(home);
  }
}

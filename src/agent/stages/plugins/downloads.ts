import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import { applyOwner, modeOf, ownerIds } from '../../accounts/ownership.ts';
import { fetchOnNode } from '../fetch-retry.ts';
import type { Plugin } from '../plugin.ts';

/** Seconds for one attempt when the step names none. */
const TIMEOUT = 3600;

/**
 * `downloads`: from HTTP(S), `file://` or an absolute path. A file appears when all of it is there; into
 * a directory it goes under the last part of its address.
 *
 * @throws FactoryError `usage` for another kind of address or an unknown owner, `step` when there is no such thing
 */
export const downloadsPlugin: Plugin<'downloads'> = {
  key: 'downloads',
  run: async ({ host }, downloads) => {
    for (const { path, url, timeout, ...owned } of downloads) {
      const owner = await ownerIds(host, owned);
      const target = await targetOf(host, path, url);
      const part = `${target}.${randomBytes(6).toString('hex')}.part`;
      await host.makeDirectory(dirname(target));
      try {
        await bring(host, url, timeout === undefined || timeout === 0 ? TIMEOUT : timeout, part);
        await host.chmod(part, modeOf(owned.permissions) ?? 0o644);
        await applyOwner(host, part, owner);
        await host.sync(part);
        await host.rename(part, target);
      } catch (error) {
        await host.remove(part);
        throw error;
      }
    }
  },
};

async function targetOf(host: Host, path: string, url: string): Promise<string> {
  if ((await host.stat(path))?.kind !== 'directory') return path;
  return join(path, basename(URL.parse(url)?.pathname ?? url));
}

/** Writes what the address names to a file; each attempt begins it anew. */
async function bring(host: Host, url: string, timeout: number, part: string): Promise<void> {
  const write = (source: Readable) =>
    pipeline(source, createWriteStream(host.resolve(part), { mode: 0o600 }));
  if (/^https?:\/\//i.test(url)) {
    await fetchOnNode(host, { url, timeout }, ({ body }) => write(Readable.from(body ?? [])));
    return;
  }
  const source = localPath(url);
  if ((await host.stat(source))?.kind !== 'file') {
    throw new FactoryError('STAGE_FAILED', `${source} is no file`, {
      remedy: 'Correct the url of the download.',
    });
  }
  await write(createReadStream(host.resolve(source)));
}

function localPath(url: string): string {
  if (url.startsWith('file://')) return fileURLToPath(url);
  if (url.startsWith('/')) return url;
  throw new FactoryError('CLOUD_CONFIG_INVALID', `${url} is no address that can be downloaded`, {
    remedy: 'Give https://, http:// or file://, or an absolute path.',
  });
}

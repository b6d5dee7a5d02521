import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import { applyOwnership, ownershipOf } from '../../accounts/ownership.ts';
import { behindLinks } from '../behind-links.ts';
import { forEachEntry } from '../each-entry.ts';
import { fetchOnNode, type NodeFetching } from '../fetch-retry.ts';
import type { Plugin } from '../plugin.ts';
import { responseWithinRoom } from '../response-within-room.ts';

/** Default time limit of one attempt, in seconds. */
const TIMEOUT = 3600;

/**
 * `downloads`: fetches files from HTTP(S), `file://` or an absolute path. A file appears only when complete; in a directory,
 * it gets the last component of its URL as name.
 *
 * @throws FactoryError `usage` for another URL scheme or an unknown owner, `step` when the file cannot be fetched
 */
export const downloadsPlugin: Plugin<'downloads'> = {
  key: 'downloads',
  run: ({ host }, downloads) =>
    forEachEntry(downloads, async ({ path, url, timeout, ...owned }) => {
      const { ids, mode = 0o644, problem } = await ownershipOf(host, owned);
      const target = await behindLinks(host, await targetOf(host, path, url));
      const part = `${target}.${randomBytes(6).toString('hex')}.part`;
      await host.makeDirectory(dirname(target));
      try {
        await fetchTo(host, part, { url, timeout: timeout || TIMEOUT });
        await applyOwnership(host, part, { ids, mode });
        await host.sync(part);
        await host.rename(part, target);
      } catch (error) {
        await host.remove(part);
        throw error;
      }
      if (problem) throw problem;
    }),
};

async function targetOf(host: Host, path: string, url: string): Promise<string> {
  if ((await host.stat(path))?.kind !== 'directory') return path;
  return join(path, basename(URL.parse(url)?.pathname ?? url));
}

/** Writes the content at a URL or path to a file; each attempt starts the file again. */
async function fetchTo(host: Host, part: string, { url, timeout }: NodeFetching): Promise<void> {
  const write = (source: Readable) =>
    pipeline(source, createWriteStream(host.resolve(part), { mode: 0o600 }));
  if (/^https?:\/\//i.test(url)) {
    await fetchOnNode(host, { url, timeout }, (response) =>
      write(Readable.from(responseWithinRoom(host, part, response))),
    );
    return;
  }
  const source = localPath(url);
  if ((await host.stat(source))?.kind !== 'file') {
    throw new FactoryError('STAGE_FAILED', `${source} is not a file`, {
      remedy: 'Correct the url of the download.',
    });
  }
  await write(createReadStream(host.resolve(source)));
}

function localPath(url: string): string {
  if (url.startsWith('file://')) return fileURLToPath(url);
  if (url.startsWith('/')) return url;
  throw new FactoryError('CLOUD_CONFIG_INVALID', `${url} is not a supported URL or path`, {
    remedy: 'Use https://, http://, file:// or an absolute path.',
  });
}

import { readdirSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../errors/factory-error.ts';
import { resolveInRoot } from './resolve-path.ts';
import { stampTree } from './walk.ts';

/** Where the image build leaves the time that it stamps on files. */
export const EPOCH_FILE = '/usr/lib/kairos/source-date-epoch';

/** Directories whose content belongs to a running machine. */
const VOLATILE = ['dev', 'proc', 'sys', 'run', 'tmp', 'var/tmp'];

/**
 * Takes out of a freshly built root what the engine and the clock left in it, so that the same build gives the same tree:
 * the content of volatile directories, the files that engines place in `/etc`, and every time later than the epoch.
 * @returns the epoch in seconds since 1970
 * @throws FactoryError `step` when the build left no epoch
 */
export async function sealRoot(root: string): Promise<number> {
  const file = await resolveInRoot(root, EPOCH_FILE);
  const epoch = file === undefined ? Number.NaN : Number((await readFile(file, 'utf8')).trim());
  if (!Number.isSafeInteger(epoch) || epoch <= 0) {
    throw new FactoryError('step', `the image build left no time in ${EPOCH_FILE}`, {
      remedy: 'This is a defect of the flavor’s build script; report it.',
    });
  }
  for (const directory of VOLATILE) await emptyVolatile(root, directory);
  // Resolved like everything else: an image whose /etc is a link must not make us write outside of it.
  const etc = await resolveInRoot(root, '/etc');
  if (etc === undefined)
    throw new FactoryError('step', 'the image has no /etc', { remedy: 'Use another base.' });
  for (const [name, text] of [
    ['hostname', ''],
    ['hosts', '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'],
  ] as const) {
    await rm(join(etc, name), { recursive: true, force: true });
    await writeFile(join(etc, name), text, { mode: 0o644 });
  }
  // The link to the resolver is made at boot; engines leave their own file here.
  await rm(join(etc, 'resolv.conf'), { recursive: true, force: true });
  const limit = BigInt(epoch) * 1_000_000_000n;
  stampTree(root, epoch, ({ stats }) => stats.mtimeNs > limit);
  return epoch;
}

async function emptyVolatile(root: string, directory: string): Promise<void> {
  const path = await resolveInRoot(root, `/${directory}`);
  if (path === undefined || !statSync(path).isDirectory()) return;
  // A link may stand for one of these, as /var/tmp for /tmp, but not for anything that is to stay.
  if (!VOLATILE.some((place) => path === join(root, place))) {
    throw new FactoryError(
      'verification',
      `the image's /${directory} is a link to ${path.slice(root.length) || '/'}`,
      {
        remedy: `Make /${directory} a directory in the base.`,
      },
    );
  }
  for (const name of readdirSync(path)) await rm(join(path, name), { recursive: true, force: true });
}

import { readdirSync } from 'node:fs';
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
  for (const directory of VOLATILE) {
    const path = await resolveInRoot(root, `/${directory}`);
    for (const name of path === undefined ? [] : readdirSync(path)) {
      await rm(join(path ?? root, name), { recursive: true, force: true });
    }
  }
  // Resolved like everything else: an image whose /etc is a link must not make us write outside of it.
  const etc = await resolveInRoot(root, '/etc');
  if (etc === undefined)
    throw new FactoryError('step', 'the image has no /etc', { remedy: 'Use another base.' });
  for (const [name, text] of [
    ['hostname', ''],
    ['hosts', '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'],
  ] as const) {
    await rm(join(etc, name), { force: true });
    await writeFile(join(etc, name), text, { mode: 0o644 });
  }
  // The link to the resolver is made at boot; engines leave their own file here.
  await rm(join(etc, 'resolv.conf'), { force: true });
  const limit = BigInt(epoch) * 1_000_000_000n;
  stampTree(root, epoch, ({ stats }) => stats.mtimeNs > limit);
  return epoch;
}

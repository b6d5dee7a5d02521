import { chmodSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EPOCH_FILE } from '../../../common/contract/system-layout.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { decodeFileName, placeIn } from '../../../common/files/file-name.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { stampTree } from '../../../common/files/walk-tree.ts';

/**
 * Directories whose content belongs to a running machine, and the modes they get. Engines mount something over most of
 * them, and `templates/build/seal.sh`, which runs in other builders, cannot see below those mounts.
 */
const VOLATILE = {
  dev: 0o755,
  proc: 0o555,
  sys: 0o555,
  run: 0o755,
  tmp: 0o1777,
  'var/tmp': 0o1777,
} as const;

/**
 * Removes every trace of the engine and the clock from a freshly built root, so that the same build gives the same tree.
 * Empties the volatile directories, replaces the files that engines write to `/etc`, and sets every time later than the
 * epoch to the epoch, and every time before 1970 to 1970: buildah does so when it stores a layer, other engines do not, and
 * squashfs would show 2106. `templates/build/seal.sh` does the same in other builders; the two must agree.
 * @returns the epoch, a Unix timestamp in seconds
 * @throws FactoryError `step` when the build left no epoch, when there is no `/etc`, or when a volatile directory is a
 *   link to a directory that must stay
 */
export async function sealRoot(root: string): Promise<number> {
  const file = await resolveInRoot(root, EPOCH_FILE);
  const epoch = file === undefined ? Number.NaN : Number((await readFile(file, 'utf8')).trim());
  if (!Number.isSafeInteger(epoch) || epoch <= 0) {
    throw new FactoryError('IMAGE_INCOMPLETE', `the image build left no timestamp in ${EPOCH_FILE}`, {
      remedy: 'This is a defect of the flavor’s build script; report it.',
    });
  }
  const emptied: string[] = [];
  for (const [directory, mode] of Object.entries(VOLATILE)) {
    const path = await emptyVolatile(root, directory, mode);
    if (path !== undefined) emptied.push(path);
  }
  await resetEtc(root);
  const limit = BigInt(epoch) * 1_000_000_000n;
  stampTree(root, ({ stats: { mtimeNs } }) => (mtimeNs > limit ? epoch : mtimeNs < 0n ? 0 : undefined));
  for (const path of emptied) utimesSync(path, epoch, epoch);
  return epoch;
}

/** Replaces the files that engines write to `/etc`. @throws FactoryError `step` when there is no `/etc` */
async function resetEtc(root: string): Promise<void> {
  // Resolved within the root: an /etc that is a link must not make us write outside it.
  const etc = await resolveInRoot(root, '/etc');
  if (etc === undefined)
    throw new FactoryError('IMAGE_INCOMPLETE', 'the image has no /etc', { remedy: 'Use another base.' });
  for (const [name, text] of [
    ['hostname', ''],
    ['hosts', '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'],
  ] as const) {
    await rm(join(etc, name), { recursive: true, force: true });
    await writeFile(join(etc, name), text, { mode: 0o644 });
  }
  // The node links this to its resolver at boot; engines leave their own file here.
  await rm(join(etc, 'resolv.conf'), { recursive: true, force: true });
  // Docker replaces the image's own link. This is the link that systemd makes (tmpfiles.d/etc.conf).
  await rm(join(etc, 'mtab'), { recursive: true, force: true });
  await symlink('../proc/self/mounts', join(etc, 'mtab'));
}

/** Empties one volatile directory and sets its mode. @returns its resolved path; nothing when the root does not have it */
async function emptyVolatile(root: string, directory: string, mode: number): Promise<string | undefined> {
  const path = await resolveInRoot(root, `/${directory}`);
  if (path === undefined || !statSync(path).isDirectory()) return undefined;
  // A link may lead to another volatile directory, such as /var/tmp to /tmp, but not to one whose content must stay.
  if (!Object.keys(VOLATILE).some((place) => path === join(root, place))) {
    throw new FactoryError(
      'ENTRY_REFUSED',
      `the image's /${directory} is a link to ${path.slice(root.length) || '/'}`,
      {
        remedy: `Make /${directory} a directory in the base.`,
      },
    );
  }
  for (const name of readdirSync(path, { encoding: 'buffer' }))
    await rm(placeIn(path, decodeFileName(name)), { recursive: true, force: true });
  chmodSync(path, mode);
  return path;
}

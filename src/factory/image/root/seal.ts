import { chmodSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EPOCH_FILE } from '../../../common/contract/system-layout.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { stampTree } from '../../../common/files/walk-tree.ts';

/**
 * Directories whose content belongs to a running machine, with the modes that they get. Engines mount something over most
 * of them, and a build in another builder (`templates/build/seal.sh`) cannot see what is below.
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
 * Takes out of a freshly built root what the engine and the clock left in it, so that the same build gives the same tree:
 * the content of volatile directories, the files that engines place in `/etc`, and every time later than the epoch.
 * `templates/build/seal.sh` does the same where another builder builds; the two must agree.
 * @returns the epoch in seconds since 1970
 * @throws FactoryError `step` when the build left no epoch
 */
export async function sealRoot(root: string): Promise<number> {
  const file = await resolveInRoot(root, EPOCH_FILE);
  const epoch = file === undefined ? Number.NaN : Number((await readFile(file, 'utf8')).trim());
  if (!Number.isSafeInteger(epoch) || epoch <= 0) {
    throw new FactoryError('IMAGE_INCOMPLETE', `the image build left no time in ${EPOCH_FILE}`, {
      remedy: 'This is a defect of the flavor’s build script; report it.',
    });
  }
  const emptied: string[] = [];
  for (const [directory, mode] of Object.entries(VOLATILE))
    emptied.push(...(await emptyVolatile(root, directory, mode)));
  // Resolved like everything else: an image whose /etc is a link must not make us write outside of it.
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
  // The link to the resolver is made at boot; engines leave their own file here.
  await rm(join(etc, 'resolv.conf'), { recursive: true, force: true });
  // Docker hides the image's own behind one of another form. This is the one that systemd makes (tmpfiles.d/etc.conf).
  await rm(join(etc, 'mtab'), { recursive: true, force: true });
  await symlink('../proc/self/mounts', join(etc, 'mtab'));
  const limit = BigInt(epoch) * 1_000_000_000n;
  stampTree(root, epoch, ({ stats }) => stats.mtimeNs > limit);
  for (const path of emptied) utimesSync(path, epoch, epoch);
  return epoch;
}

/** @returns the directory, where there is one */
async function emptyVolatile(root: string, directory: string, mode: number): Promise<string[]> {
  const path = await resolveInRoot(root, `/${directory}`);
  if (path === undefined || !statSync(path).isDirectory()) return [];
  // A link may stand for one of these, as /var/tmp for /tmp, but not for anything that is to stay.
  if (!Object.keys(VOLATILE).some((place) => path === join(root, place))) {
    throw new FactoryError(
      'ENTRY_REFUSED',
      `the image's /${directory} is a link to ${path.slice(root.length) || '/'}`,
      {
        remedy: `Make /${directory} a directory in the base.`,
      },
    );
  }
  for (const name of readdirSync(path)) await rm(join(path, name), { recursive: true, force: true });
  chmodSync(path, mode);
  return [path];
}

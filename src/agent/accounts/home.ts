import { basename, dirname, join } from 'node:path';
import type { Host } from '../../common/host/host.ts';

/** Initial contents of every new home (useradd(8), `--skel`). */
const SKELETON = '/etc/skel';
/** Owner only, unless HOME_MODE in login.defs(5) says otherwise. */
const HOME_MODE = 0o700;

/** The ids and home directory of an account. */
export interface Resident {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Reads the resident from a row of passwd(5). */
export function residentOf(row: readonly string[]): Resident {
  return { uid: Number(row[2]), gid: Number(row[3]), home: row[5] ?? '/' };
}

/**
 * Creates the home of an account from the skeleton, unless it exists. The home gets its final name only when complete. In
 * an existing home, files keep their owners (docs/contract.md 4.7); only an empty home that belongs to root, as an image
 * may contain it, is filled and given to the account. A home of another owner causes a warning.
 */
export async function ensureHome(host: Host, resident: Resident): Promise<void> {
  const { uid, home } = resident;
  const there = await host.stat(home);
  if (there === undefined) {
    const fresh = join(dirname(home), `.${basename(home)}.unfinished`);
    await host.remove(fresh);
    await host.makeDirectory(dirname(home));
    await host.makeDirectory(fresh, HOME_MODE);
    await fillHome(host, fresh, resident);
    await host.rename(fresh, home);
    return;
  }
  if (there.kind !== 'directory' || there.uid === uid) return;
  if (there.uid === 0 && (await host.list(home)).length === 0) {
    await fillHome(host, home, resident);
    return;
  }
  host.log('warn', `${home} belongs to ${there.uid}, not to ${uid}: correct it with chown -R ${uid} ${home}`);
}

type Owner = Pick<Resident, 'uid' | 'gid'>;

async function fillHome(host: Host, home: string, { uid, gid }: Owner): Promise<void> {
  await copyTree(host, { from: SKELETON, to: home, owner: { uid, gid } });
  await host.chmod(home, await homeMode(host));
  await host.chown(home, uid, gid);
}

async function copyTree(
  host: Host,
  { from, to, owner }: { readonly from: string; readonly to: string; readonly owner: Owner },
): Promise<void> {
  for (const name of await host.list(from)) {
    const source = join(from, name);
    const target = join(to, name);
    const stat = await host.stat(source, { follow: false });
    if (stat?.kind === 'directory') {
      await host.makeDirectory(target, stat.mode);
      await copyTree(host, { from: source, to: target, owner });
    } else if (stat?.kind === 'link') {
      await host.link(await host.readLink(source), target);
    } else if (stat?.kind === 'file') {
      await host.write(target, (await host.readBytes(source)) ?? '', { mode: stat.mode });
    } else continue;
    await host.chown(target, owner.uid, owner.gid);
  }
}

async function homeMode(host: Host): Promise<number> {
  const definitions = (await host.readText('/etc/login.defs')) ?? '';
  const mode = /^\s*HOME_MODE\s+([0-7]{3,4})\b/m.exec(definitions)?.[1];
  return mode === undefined ? HOME_MODE : Number.parseInt(mode, 8);
}

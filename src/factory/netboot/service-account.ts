/** The account that dnsmasq runs as. */
export interface ServiceAccount {
  readonly uid: number;
  readonly gid: number;
}

/** That of Debian's package, and the one that every system has. */
const USERS = ['dnsmasq', 'nobody'];
/** What the kernel takes for an account that nobody has (/proc/sys/kernel/overflowuid). */
const NOBODY = 65534;

/** Chooses the account. @param passwd text of /etc/passwd */
export function serviceAccount(passwd: string): ServiceAccount {
  const rows = passwd.split('\n').map((line) => line.split(':'));
  const [, , uid = NOBODY, gid = NOBODY] =
    USERS.flatMap((name) => rows.filter(([found]) => found === name))[0] ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

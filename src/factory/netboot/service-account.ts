/** The account that dnsmasq runs as after its start. */
export interface ServiceAccount {
  readonly user: string;
  readonly group: string;
}

/** That of Debian's package, and the one that every system has. */
const USERS = ['dnsmasq', 'nobody'];

/** Chooses the account. @param passwd text of /etc/passwd @param group text of /etc/group */
export function serviceAccount(passwd: string, group: string): ServiceAccount {
  const rows = (text: string) => text.split('\n').map((line) => line.split(':'));
  const users = rows(passwd);
  const user = USERS.find((name) => users.some(([found]) => found === name)) ?? 'nobody';
  const id = users.find(([found]) => found === user)?.[3];
  return {
    user,
    group: rows(group).find(([, , found]) => id !== undefined && found === id)?.[0] ?? 'nogroup',
  };
}

import { readFileSync } from 'node:fs';

/** `pid-starttime`: process ids are used again, the pair is not (proc_pid_stat(5), field 22). */
export function runIdentity(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in field 2 may hold anything, spaces and parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return `${pid}-${fields[19]}`;
}

/** Whether the process of an identity still runs. */
export function isAlive(identity: string): boolean {
  try {
    return runIdentity(Number(identity.split('-')[0])) === identity;
  } catch {
    return false;
  }
}

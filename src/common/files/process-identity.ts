import { readFileSync } from 'node:fs';

/** Returns `PID-STARTTIME`, which is unique although process ids are reused (proc_pid_stat(5), field 22). */
export function runIdentity(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in field 2 may contain any characters, including spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return `${pid}-${fields[19]}`;
}

/** Whether the process with an identity is still running. */
export function isAlive(identity: string): boolean {
  try {
    return runIdentity(Number(identity.split('-')[0])) === identity;
  } catch {
    return false;
  }
}

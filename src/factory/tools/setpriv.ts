import type { HostTool } from './host-tool.ts';

/** Starts a program with other rights: setpriv(1). */
export const SETPRIV: HostTool = {
  name: 'setpriv',
  package: 'util-linux',
  purpose: 'starts dnsmasq without the rights of root, and ends it with this program',
  version: {
    args: ['--version'],
    pattern: /util-linux (\d+(?:\.\d+)*)/,
    range: '>=2.33.0',
    reason: 'an older one, or that of BusyBox, cannot end dnsmasq with this program',
  },
};

/** What a program may do that starts as root. */
export interface Rights {
  readonly uid: number;
  readonly gid: number;
  /** Names of capabilities(7), without `cap_`. */
  readonly capabilities: readonly string[];
}

/**
 * The arguments of setpriv(1) before those of a program: it has some rights of root from its start on, and never others. When the thread
 * that started it ends, in any way, the kernel kills it. A program that gives its rights up itself would lose that (PR_SET_PDEATHSIG(2const)).
 */
export function setprivArguments({ uid, gid, capabilities }: Rights): string[] {
  const only = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  return [
    ...['--pdeathsig', 'KILL', '--no-new-privs'],
    ...['--reuid', String(uid), '--regid', String(gid), '--clear-groups'],
    ...['--inh-caps', only, '--ambient-caps', only, '--bounding-set', only],
  ];
}

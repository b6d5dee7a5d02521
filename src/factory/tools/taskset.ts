import type { HostTool } from './host-tool.ts';

/** Restricts a program to some processors: taskset(1). */
export const TASKSET: HostTool = {
  name: 'taskset',
  package: 'util-linux',
  purpose: 'lets verify-repro build on one processor',
};

import type { HostTool } from './host-tool.ts';

/** Runs a program on some processors only: taskset(1). */
export const TASKSET: HostTool = { name: 'taskset', package: 'util-linux' };

import type { HostTool } from './host-tool.ts';

/** Runs a program in new namespaces: unshare(1). */
export const UNSHARE: HostTool = { name: 'unshare', package: 'util-linux' };

/** The version that creates a user namespace with subordinate ids, for hosts without buildah. */
export const UNSHARE_WITH_IDS: HostTool = {
  ...UNSHARE,
  version: {
    args: ['--version'],
    pattern: /util-linux (\d+(?:\.\d+)*)/,
    range: '>=2.38.0',
    reason: 'without buildah, 2.38 or newer is needed for subordinate ids',
  },
};

import type { HostTool } from './host-tool.ts';

/** Runs a program in namespaces of its own: unshare(1). */
export const UNSHARE: HostTool = { name: 'unshare', package: 'util-linux' };

/** The version that makes a user namespace with subordinate ids, where buildah, which does so too, is not installed. */
export const UNSHARE_WITH_IDS: HostTool = {
  ...UNSHARE,
  version: {
    args: ['--version'],
    pattern: /util-linux (\d+(?:\.\d+)*)/,
    range: '>=2.38.0',
    reason: 'without buildah, it needs 2.38 or newer, which knows subordinate ids',
  },
};

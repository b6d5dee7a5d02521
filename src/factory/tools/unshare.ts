import type { HostTool } from './host-tool.ts';

/** Runs a program in new namespaces: unshare(1). */
export const UNSHARE: HostTool = {
  name: 'unshare',
  package: 'util-linux',
  purpose: 'runs programs in new namespaces',
};

const MAPS = 'gives an ordinary user the owners of files in images';
/** Give a user namespace its subordinate ids: newuidmap(1), newgidmap(1). */
export const ID_MAPPERS: readonly HostTool[] = [
  { name: 'newuidmap', package: 'uidmap', purpose: MAPS },
  { name: 'newgidmap', package: 'uidmap', purpose: MAPS },
];

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

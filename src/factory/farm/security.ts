/** The user of the container image (deploy/container/Containerfile). */
const USER = 1000;

/** Our containers that read and write a few files. */
export const RESTRICTED = {
  ...{ runAsUser: USER, runAsGroup: USER, runAsNonRoot: true },
  ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/**
 * The container of a build: an ordinary user, not privileged, in a user namespace of its own. `newuidmap` and `newgidmap` write its map of
 * subordinate ids, as programs with set-user-id: this is why privileges may be gained, and what the two capabilities are for.
 * The default profiles of container runtimes forbid new namespaces and mounts, so that the build has none of them.
 */
export const ROOTLESS_BUILD = {
  ...{ runAsUser: USER, runAsGroup: USER, runAsNonRoot: true },
  ...{ privileged: false, allowPrivilegeEscalation: true },
  capabilities: { drop: ['ALL'], add: ['SETUID', 'SETGID'] },
  seccompProfile: { type: 'Unconfined' },
  appArmorProfile: { type: 'Unconfined' },
} as const;

/** The pod: its volumes belong to the group of our user; importers have the user of their image. */
export const POD_SECURITY = {
  ...{ fsGroup: USER, fsGroupChangePolicy: 'OnRootMismatch' },
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

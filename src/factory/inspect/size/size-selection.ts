import type { RootSelection } from '../root/root-view.ts';

const LIMIT = 256 * 1024 * 1024;
/** The databases of packages, and the links between directories of a root. */
const KEPT =
  /^var\/lib\/dpkg\/(status$|status\.d\/|info\/[^/]+\.list$)|^(var\/lib|usr\/lib\/sysimage)\/rpm\/(rpmdb\.sqlite(-wal)?|Packages(\.db)?)$|^(usr\/)?lib\/apk\/db\/installed$|^[^/]+$|^var\/lib\/rpm$/;

/** What `size` reads of a root: every name, and what says which package it belongs to. */
export const SIZE_FILES: RootSelection = {
  enters: () => true,
  keeps: (path, size) => size <= LIMIT && KEPT.test(path),
};

import type { TreeSize } from '../files/walk-tree.ts';

/** The facts about an OS image's root that artifacts need. */
export interface ImageFacts {
  /** Unix timestamp of the files in artifacts. */
  readonly epoch: number;
  readonly tree: TreeSize;
  /** `/etc/kairos-release`. */
  readonly release: Readonly<Record<string, string>>;
  /**
   * `ID` of the distribution that the boot loader is from, usually that in `/etc/os-release`; also the directory of that
   * distribution's signed GRUB on the ESP.
   */
  readonly osId: string;
  /** SELinux kernel arguments of the image's own menu; SELinux is off when it has none. */
  readonly selinux?: string;
  /** Kernel version, from the file name of the kernel. */
  readonly kernel?: string;
  /** `ID_LIKE` in `/etc/os-release`. */
  readonly osLike?: string;
}

import type { TreeSize } from '../files/walk-tree.ts';

/** What artifacts have to know of an OS image's root. */
export interface ImageFacts {
  /** Seconds since 1970 that artifacts are stamped with. */
  readonly epoch: number;
  readonly tree: TreeSize;
  /** `/etc/kairos-release`. */
  readonly release: Readonly<Record<string, string>>;
  /** `ID` of the distribution that the boot loader is from, mostly that of `/etc/os-release`: also the directory that the distribution's signed GRUB looks into. */
  readonly osId: string;
  /** Kernel arguments on SELinux, as the image's own menu has them; off when it has none. */
  readonly selinux?: string;
  /** Version of the kernel, as the name of its image has it. */
  readonly kernel?: string;
  /** `ID_LIKE` of `/etc/os-release`. */
  readonly osLike?: string;
}

import type { InstalledPackage } from '../../packages/installed-package.ts';

/** The distribution that an OS image was made from, by its os-release(5). */
export interface SourceDistribution {
  /** `ID`, such as `debian`. */
  readonly id: string;
  /** `VERSION_ID`; rolling ones have none. */
  readonly version: string | undefined;
  /** `NAME`. */
  readonly name: string;
}

/** Something in an OS image that no package manager knows of. */
export interface Part {
  readonly name: string;
  /** What it is, in a few words. */
  readonly description: string;
  /** `UNKNOWN` is not written: absent when the image does not tell. */
  readonly version?: string;
  /** SPDX expression. */
  readonly licence?: string;
  /** Package URL, where the field has one for it. */
  readonly purl?: string;
  /** Path in the image, and the sha256 of that file. */
  readonly file?: string;
  readonly sha256?: string;
  /** What it has in it, such as the libraries of a program. */
  readonly parts?: readonly Part[];
}

/** Everything that an SBOM says of an OS image. The same image has the same inventory. */
export interface Inventory {
  /** Name of the image, as its artifacts have it. */
  readonly name: string;
  readonly version: string;
  /** Architecture in the words of OCI. */
  readonly arch: string;
  /** Seconds since 1970 that the image is stamped with. */
  readonly epoch: number;
  readonly distribution: SourceDistribution;
  readonly packages: readonly InstalledPackage[];
  /** Of the framework, and what was laid in with it. */
  readonly parts: readonly Part[];
}

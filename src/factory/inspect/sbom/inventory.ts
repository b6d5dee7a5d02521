import type { InstalledPackage } from '../../packages/installed-package.ts';

/** The distribution that an OS image is based on, from its os-release(5). */
export interface SourceDistribution {
  /** `ID`, such as `debian`. */
  readonly id: string;
  /** `VERSION_ID`; rolling distributions have none. */
  readonly version: string | undefined;
  /** `NAME`. */
  readonly name: string;
}

/** A component of an OS image that no package manager lists. */
export interface Part {
  readonly name: string;
  /** A short description. */
  readonly description: string;
  /** Absent when unknown. */
  readonly version?: string;
  /** SPDX expression. */
  readonly licence?: string;
  /** Package URL, where purl-spec has a type for it. */
  readonly purl?: string;
  /** Path in the image, and the sha256 of that file. */
  readonly file?: string;
  readonly sha256?: string;
  /** Components that it contains, such as the libraries of a program. */
  readonly parts?: readonly Part[];
}

/** The content of an SBOM. The same image has the same inventory. */
export interface Inventory {
  /** Name of the image, as in the names of its artifacts. */
  readonly name: string;
  readonly version: string;
  /** OCI name of the architecture. */
  readonly arch: string;
  /** Unix timestamp in seconds that the image is stamped with. */
  readonly epoch: number;
  readonly distribution: SourceDistribution;
  readonly packages: readonly InstalledPackage[];
  /** The framework, and everything added with it. */
  readonly parts: readonly Part[];
}

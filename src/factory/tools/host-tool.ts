import { installAdvice } from './host-packages.ts';

/** A program of the host that we run: its name, the package it comes from, and the versions supported. */
export interface HostTool {
  readonly name: string;
  /** Its names on other distributions. */
  readonly aliases?: readonly string[];
  /** The Debian package that contains it; `package-names.ts` has its other names. */
  readonly package: string;
  /** What it is for, such as `packs the squashfs`. */
  readonly purpose?: string;
  /** A sentence on how to install it, if not from Debian's package. */
  readonly install?: string;
  /** The flag that prints its version, for a report; `--version` when absent. */
  readonly versionFlag?: string;
  /** How to query its version and which are supported; absent if any version will do. */
  readonly version?: {
    readonly args: readonly string[];
    readonly pattern: RegExp;
    /** A semver range. */
    readonly range: string;
    /** Why the range is required; part of the error message for a tool outside it. */
    readonly reason: string;
  };
}

/** The remedy for a missing tool. */
export function reinstall(tool: HostTool): string {
  return tool.install ?? installAdvice([tool.package]);
}

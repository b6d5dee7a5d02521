/** A host program that we call: how it is named, where it comes from, and how old it may be. */
export interface HostTool {
  readonly name: string;
  /** The Debian package that has it. */
  readonly package: string;
  /** How it is installed, in a sentence, where Debian's package is not the way. */
  readonly install?: string;
  /** How to ask for its version, and where in the answer it stands; absent where no version matters. */
  readonly version?: {
    readonly args: readonly string[];
    readonly pattern: RegExp;
    /** A semver range. */
    readonly range: string;
    /** Why the range is what it is, said to the person whose tool is outside of it. */
    readonly reason: string;
  };
}

/** What a person does about a missing tool. */
export function reinstall(tool: HostTool): string {
  return tool.install ?? `Install it: sudo apt-get install ${tool.package}`;
}

/** What a check is about, in the order of the report. */
export const AREAS = ['tools', 'accounts', 'engine', 'room', 'virtualisation', 'registries'] as const;
type Area = (typeof AREAS)[number];

/**
 * The result of a check: `ok`; `fault`, which a build would fail with; `warning`, with which a build works less well; `unused`
 * for something that is missing and that only other builds need.
 */
type CheckState = 'ok' | 'fault' | 'warning' | 'unused';

/** One thing that was looked at. */
export interface Check {
  readonly area: Area;
  /** Such as the name of a program, or the path of a directory. */
  readonly name: string;
  readonly state: CheckState;
  /** What is there, such as a version. */
  readonly found?: string;
  /** What it is for. */
  readonly purpose?: string;
  /** The steps, or the uses of the program, that need it. */
  readonly neededBy?: readonly string[];
  /** The package on this distribution. */
  readonly package?: string;
  /** What is wrong. */
  readonly problem?: string;
  readonly remedy?: string;
  /** How `--fix` fixes it: by an installation of this package of Debian's name, or by a command. */
  readonly fix?: { readonly install: string } | { readonly command: readonly string[] };
}

import type { ArtifactKind } from '../config/artifact-kinds.ts';

/** Services whose CI can build the image. */
export const CI_SERVICES = ['github', 'gitlab'] as const;
export type CiService = (typeof CI_SERVICES)[number];

/** What the first files of a project depend on. */
export interface Answers {
  readonly flavor: string;
  readonly artifacts: readonly ArtifactKind[];
  /** `DISTRIBUTION@VERSION`; absent for an image without Kubernetes. */
  readonly kubernetes?: string | undefined;
  /** Who may log in: a public key, or `github:NAME`. It is the person's own, and never has a default of ours. */
  readonly key: string;
  /** Absent for no file for CI. */
  readonly ci?: CiService | undefined;
}

/** A file of a new project. */
export interface ProjectFile {
  /** Path below the directory of the project. */
  readonly path: string;
  readonly text: string;
  /** What it is for, in some words. */
  readonly purpose: string;
  /** Whether one that exists is kept; any other stops the command. */
  readonly mayExist?: true;
}

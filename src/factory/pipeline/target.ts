import type { BuildTarget } from '../config/build-spec.ts';
import type { ArtifactsSpec } from '../config/schema.ts';

/** A build with a name, among others. */
export interface NamedBuild extends BuildTarget {
  readonly name: string;
}

/** Artifacts of a ready OS image. */
export interface ReadyImageTarget {
  readonly name?: undefined;
  /** Reference of the image. */
  readonly image: string;
  readonly spec: ArtifactsSpec;
}

/** What to make: an OS image from a base with its artifacts, or artifacts from a ready OS image. */
export type Target = (BuildTarget & { readonly image?: undefined }) | ReadyImageTarget;

import type { BuildTarget } from '../config/build-spec.ts';
import type { ArtifactsSpec } from '../config/schema.ts';

/** A named build, one of several. */
export interface NamedBuild extends BuildTarget {
  readonly name: string;
}

/** Artifacts of an existing OS image. */
export interface ReadyImageTarget {
  readonly name?: undefined;
  /** Reference of the image. */
  readonly image: string;
  readonly spec: ArtifactsSpec;
}

/** A target: an OS image from a base with its artifacts, or artifacts of an existing OS image. */
export type Target = (BuildTarget & { readonly image?: undefined }) | ReadyImageTarget;

import type { Kind } from '../kubernetes/kinds.ts';

/** A build: an OS image and its artifacts. */
export const OS_ARTIFACT: Kind = {
  ...{ apiVersion: 'build.kairos.io/v1alpha2', kind: 'OSArtifact', plural: 'osartifacts', namespaced: true },
};

import { ARTIFACTS } from '../artifacts/registry.ts';
import { parseReference, type Reference } from '../base/reference.ts';
import { type BaseChoice, chooseBase, type FlavorChoice } from '../flavors/choose.ts';
import type { Model } from '../models/schema.ts';
import { ARTIFACT_KINDS, type ArtifactKind, type ArtifactsSpec, type BuildSpec } from '../spec/schema.ts';
import type { BuildEnvironment } from './build-environment.ts';
import type { Step } from './step.ts';
import { artifactStep, artifactStepId, checksumStep } from './steps/artifact-step.ts';
import { baseStep } from './steps/base-step.ts';
import { bundlesStep } from './steps/bundles-step.ts';
import { containerfileStep } from './steps/containerfile-step.ts';
import { frameworkStep } from './steps/framework-step.ts';
import { imageStep, readyImageStep } from './steps/image-step.ts';
import { kernelStep } from './steps/kernel-step.ts';
import { kubernetesStep } from './steps/kubernetes-step.ts';
import { bootStep, slotImageStep, squashfsStep } from './steps/part-steps.ts';

/** The steps of `build`: base, Kubernetes, bundles → OS image → parts → artifacts → checksums. */
export function buildGraph(
  env: BuildEnvironment,
  spec: BuildSpec,
  flavor: FlavorChoice,
  model: Model,
  signal: AbortSignal,
): Step[] {
  const image = imageStep(env, spec, flavor, model);
  return [...sourceSteps(env, spec, flavor, signal), image, ...artifactGraph(env, spec, signal)];
}

/** The steps that make what an OS image is rendered from. */
export function sourceSteps(
  env: BuildEnvironment,
  spec: BuildSpec,
  flavor: FlavorChoice,
  signal: AbortSignal,
): Step[] {
  const { containerfile, kernelFrom, framework, kubernetes, bundles, arch } = spec;
  const base = chooseBase(flavor.named, spec);
  return [
    baseStep(env, spec, baseReference(base), base),
    ...(containerfile?.stage === 'before' ? [containerfileStep(env, containerfile, arch)] : []),
    ...(kernelFrom === undefined ? [] : [kernelStep(env, kernelFrom, arch)]),
    ...(framework.name === 'kairos-init' ? [frameworkStep(env, framework.source, arch)] : []),
    ...(kubernetes ? [kubernetesStep(env, kubernetes, arch, signal)] : []),
    ...(bundles.length > 0 ? [bundlesStep(env, bundles, arch)] : []),
  ];
}

/** A release's base image is given as people name images of registries. */
export function baseReference(base: BaseChoice): Reference {
  return base.kind === 'bootstrap'
    ? { kind: 'bootstrap', release: base.suite }
    : parseReference(base.reference, process.cwd());
}

/** The steps of `artifacts`: a ready OS image → parts → artifacts → checksums. */
export function artifactsGraph(
  env: BuildEnvironment,
  spec: ArtifactsSpec,
  image: Reference,
  signal: AbortSignal,
): Step[] {
  return [readyImageStep(env, spec, image), ...artifactGraph(env, spec, signal)];
}

function artifactGraph(env: BuildEnvironment, spec: ArtifactsSpec, signal: AbortSignal): Step[] {
  const kinds = withNeeded(spec.artifacts);
  const needed = new Set(kinds.flatMap((kind) => ARTIFACTS[kind].needs));
  const parts = [bootStep(env), slotImageStep(env), squashfsStep(env, spec.compression)];
  return [
    ...parts.filter(({ id }) => needed.has(id)),
    ...kinds.map((kind) => artifactStep(env, spec, kind)),
    ...kinds.map((kind) => checksumStep(kind, signal)),
  ];
}

/** The wanted kinds and those that they are made from, in the order of the registry. */
function withNeeded(wanted: readonly ArtifactKind[]): ArtifactKind[] {
  const all = new Set<string>(wanted);
  for (const kind of wanted) {
    for (const other of ARTIFACT_KINDS)
      if (ARTIFACTS[kind].needs.includes(artifactStepId(other))) all.add(other);
  }
  return ARTIFACT_KINDS.filter((kind) => all.has(kind));
}

import { ARTIFACTS } from '../artifacts/registry.ts';
import { type BaseChoice, chooseBase } from '../catalog/flavors/choose.ts';
import { ARTIFACT_KINDS, type ArtifactKind } from '../config/artifact-kinds.ts';
import { type BaseReference, parseBaseReference } from '../config/base-reference.ts';
import type { ArtifactsSpec, BuildSpec } from '../config/schema.ts';
import { readyArch } from '../inputs/base/check-arch.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { buildReferences } from './build-references.ts';
import type { Step } from './step.ts';
import { artifactKey, checksumKey } from './steps/artifact-keys.ts';
import { artifactStep, checksumStep } from './steps/artifact-step.ts';
import { auditStep, overlayAuditStep } from './steps/audit-step.ts';
import { BASE_STEP } from './steps/base-facts.ts';
import { baseStep } from './steps/base-step.ts';
import { bundlesStep } from './steps/bundles-step.ts';
import { containerfileStep } from './steps/containerfile-step.ts';
import { FRAMEWORK_STEP, frameworkStep } from './steps/framework-step.ts';
import { type HookStepOptions, hookStep } from './steps/hook-step.ts';
import { imageRecipe } from './steps/image-recipe.ts';
import { imageStep } from './steps/image-step.ts';
import { KERNEL_STEP, kernelStep } from './steps/kernel-step.ts';
import { KUBERNETES_STEP, kubernetesStep } from './steps/kubernetes-step.ts';
import { bootStep, slotImageStep, squashfsStep } from './steps/part-steps.ts';
import { proofStep } from './steps/proof-step.ts';
import { buildResources, readyResources } from './steps/provenance-resources.ts';
import { type ProvenanceSource, provenanceStep } from './steps/provenance-step.ts';
import { readyImageStep } from './steps/ready-image-step.ts';
import type { RecipeSource } from './steps/recipe-parts.ts';
import { sbomStep } from './steps/sbom-step.ts';
import { sizeStep } from './steps/size-step.ts';
import { vulnerabilityStep } from './steps/vulnerability-step.ts';

/** Returns the steps of `build`: base, Kubernetes, bundles → OS image → gates, parts → artifacts → checksums → provenance. */
export function buildGraph(env: BuildEnvironment, source: RecipeSource, signal: AbortSignal): Step[] {
  const { spec, choice: flavor } = source;
  const image = imageStep(env, spec, imageRecipe(env, source));
  return [
    ...(spec.overlayRootfs === undefined ? [] : [overlayAuditStep(spec, spec.overlayRootfs, signal)]),
    ...sourceSteps(env, { spec, choice: flavor }, signal),
    image,
    ...artifactGraph(
      env,
      {
        spec,
        images: () => buildReferences(env.flavors, spec),
        bundles: spec.bundles.map(({ image }) => image),
        provenance: {
          steps: rootIds(spec),
          resources: (results) => buildResources(env, { spec, choice: flavor }, results),
        },
      },
      signal,
    ),
  ];
}

/** Ids of the steps before the image whose results the provenance uses. */
function rootIds(spec: BuildSpec): string[] {
  return [
    BASE_STEP.id,
    ...(spec.framework.name === 'kairos-init' ? [FRAMEWORK_STEP.id] : []),
    ...(spec.kubernetes ? [KUBERNETES_STEP.id] : []),
    ...(spec.kernelFrom === undefined ? [] : [KERNEL_STEP.id]),
  ];
}

/** Returns the steps that provide the inputs of an OS image. */
export function sourceSteps(
  env: BuildEnvironment,
  { spec, choice }: Omit<RecipeSource, 'model'>,
  signal: AbortSignal,
): Step[] {
  const { containerfile, kernelFrom, framework, kubernetes, bundles, arch } = spec;
  const base = chooseBase(choice.named, spec);
  return [
    baseStep(env, { spec, reference: baseReference(base), choice: base }),
    ...(containerfile?.stage === 'before' ? [containerfileStep(env, containerfile, arch)] : []),
    ...(kernelFrom === undefined ? [] : [kernelStep(env, { text: kernelFrom, spec, base })]),
    ...(framework.name === 'kairos-init' ? [frameworkStep(env, framework.source, arch)] : []),
    ...(kubernetes ? [kubernetesStep(env, kubernetes, { arch, signal })] : []),
    ...(bundles.length > 0 ? [bundlesStep(env, bundles, arch)] : []),
  ];
}

/** The reference of a chosen base. @throws FactoryError `usage` when it is malformed */
export function baseReference(base: BaseChoice): BaseReference {
  return base.kind === 'bootstrap'
    ? { kind: 'bootstrap', release: base.suite }
    : parseBaseReference(base.reference, process.cwd());
}

/** Returns the steps of `artifacts`: existing OS image → parts → artifacts → checksums. */
export function artifactsGraph(
  env: BuildEnvironment,
  { spec, image }: { readonly spec: ArtifactsSpec; readonly image: BaseReference },
  signal: AbortSignal,
): Step[] {
  const ready = readyImageStep(env, spec, image);
  const origin: Origin = {
    spec,
    images: async () => [image],
    bundles: [],
    provenance: {
      steps: [],
      resources: async () => readyResources(env, spec, { image, arch: await readyArch(image) }),
    },
  };
  return [ready, ...artifactGraph(env, origin, signal)];
}

/** The origin of an OS image, for the audit, the SBOM and the provenance. */
interface Origin {
  readonly spec: ArtifactsSpec | BuildSpec;
  readonly images: () => Promise<readonly BaseReference[]>;
  /** References of the bundles. */
  readonly bundles: readonly string[];
  readonly provenance: ProvenanceSource;
}

function artifactGraph(
  env: BuildEnvironment,
  { spec, images, bundles, provenance }: Origin,
  signal: AbortSignal,
): Step[] {
  const kinds = withNeeded(spec.artifacts);
  const needed = new Set(kinds.flatMap((kind) => ARTIFACTS[kind].needs));
  const parts = [bootStep(env), slotImageStep(env), squashfsStep(env, spec.compression)];
  const gates = [
    auditStep(env, spec, { images, signal }),
    ...(spec.failOn === undefined ? [] : [vulnerabilityStep(env, spec.failOn)]),
    ...(spec.sizeBudget === undefined ? [] : [sizeStep(env, spec.sizeBudget)]),
  ];
  const before = hostHooks(spec, { stage: 'before-artifacts', needs: gates.map(({ id }) => id), kinds: [] });
  const ids = [...gates, ...before].map(({ id }) => id);
  return [
    ...(spec.sbom ? [sbomStep(env, spec, bundles)] : []),
    ...gates,
    ...before,
    ...parts.filter(({ id }) => needed.has(id)),
    ...kinds.flatMap((kind) => [
      artifactStep(env, spec, { kind, gates: ids, signal }),
      checksumStep(kind, signal),
    ]),
    ...hostHooks(spec, {
      stage: 'after-artifacts',
      needs: kinds.flatMap((kind) => [artifactKey(kind).id, checksumKey(kind).id]),
      kinds,
    }),
    provenanceStep(env, spec, { kinds, source: provenance }),
    ...(spec.prove === undefined
      ? []
      : [
          proofStep(env, spec, {
            spec: spec.prove,
            kinds,
            arch: 'arch' in spec ? spec.arch : undefined,
            signal,
          }),
        ]),
  ];
}

/** The step that runs the hooks of a stage on this machine, if there are any. */
function hostHooks(spec: ArtifactsSpec | BuildSpec, options: HookStepOptions): Step[] {
  return 'hooks' in spec && spec.hooks[options.stage].length > 0 ? [hookStep(spec, options)] : [];
}

/** The wanted kinds and the kinds that they are built from, in the order of the registry. */
function withNeeded(wanted: readonly ArtifactKind[]): ArtifactKind[] {
  const all = new Set<ArtifactKind>(wanted);
  // A set visits what is added to it meanwhile: what an artifact needs may need others.
  for (const kind of all) {
    for (const other of ARTIFACT_KINDS)
      if (ARTIFACTS[kind].needs.includes(artifactKey(other).id)) all.add(other);
  }
  return ARTIFACT_KINDS.filter((kind) => all.has(kind));
}

import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from '../../../common/contract/architectures.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { putInPlace } from '../../../common/files/output-file.ts';
import { mayUseKvm, workingKvm } from '../../boot/working-kvm.ts';
import type { ArtifactKind } from '../../config/artifact-kinds.ts';
import { isBootable } from '../../config/bootable.ts';
import type { ProveSpec } from '../../config/prove.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import { EVENT_PLANS } from '../../prove/life.ts';
import { NODE_CHECKS } from '../../prove/node-checks.ts';
import { proofLimit } from '../../prove/proof-limit.ts';
import { type ProofResult, shownTest } from '../../prove/proof-result.ts';
import type { ProofSubjects } from '../../prove/proof-subjects.ts';
import { type Proof, prove } from '../../prove/prove.ts';
import { readChecks } from '../../prove/read-checks.ts';
import { layoutSubject } from '../../signing/layout-subject.ts';
import { EVIDENCE } from '../../signing/output-files.ts';
import { QEMU } from '../../tools/qemu.ts';
import { QEMU_IMG } from '../../tools/qemu-img.ts';
import { XORRISO } from '../../tools/xorriso.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { treeContentDigest } from '../digests.ts';
import { defineStep, type Results, resultOf, type Step } from '../step.ts';
import { checksumKey } from './artifact-keys.ts';
import { documentsAreCurrent, PROOF_STEP, writeDocuments } from './document.ts';
import { imageArch } from './open-os-image.ts';
import { IMAGE_STEP, osImageFacts } from './os-image-facts.ts';

/** Lines of the output of a failed test in a message. */
const SHOWN_LINES = 12;

/** Options of {@link proofStep}. */
export interface ProofStepOptions {
  readonly spec: ProveSpec;
  readonly kinds: readonly ArtifactKind[];
  /** The architecture, if it is known before the image. */
  readonly arch: Arch | undefined;
  readonly signal: AbortSignal;
  /** Boots the artifacts and asks them; replaced in tests. */
  readonly proven?: typeof prove;
}

/**
 * The step that boots the artifacts and writes the evidence: the statement is a document of the build; consoles, pictures and
 * the JUnit file, which differ each time, have a directory of their own. A proof of the same artifacts is not repeated.
 */
export function proofStep(
  env: Pick<BuildEnvironment, 'runner' | 'tool' | 'partial' | 'templates'>,
  { output }: Pick<ArtifactsSpec, 'output'>,
  { spec, kinds, arch, signal, proven = prove }: ProofStepOptions,
): Step {
  const templates = join(env.templates, 'prove');
  const checks = () => (spec.checks === undefined ? [] : readChecks(spec.checks));
  return defineStep(PROOF_STEP, {
    title: `prove ${spec.life.join(', ')}`,
    needs: [IMAGE_STEP.id, ...kinds.map((kind) => checksumKey(kind).id)],
    tools: [QEMU_IMG, XORRISO, ...(arch === undefined ? [] : [QEMU[arch]])],
    inputs: async (results) => [
      output,
      env.tool,
      { ...spec, checks: await checks(), timeout: null },
      await mayUseKvm(spec, archOf(results)),
      [EVENT_PLANS, NODE_CHECKS, treeContentDigest(templates)],
    ],
    isCurrent: documentsAreCurrent,
    run: async ({ say }, results) => {
      const machine = archOf(results);
      const kvm = await workingKvm(env.runner, { kvm: spec.kvm, arch: machine }, say);
      const evidence = env.partial(EVIDENCE);
      await mkdir(evidence, { recursive: true });
      const proof = await proven(
        {
          subjects: await subjectsOf(kinds, results),
          arch: machine,
          kvm,
          firmwares: spec.firmware,
          events: spec.life,
          checks: await checks(),
          limit: proofLimit(spec.timeout, { kvm }),
          evidence,
          templates: env.templates,
          tool: env.tool,
          onResult: (result) => say(`${result.machine}: ${shownTest(result)}`),
        },
        { runner: env.runner, signal },
      );
      const statement = JSON.parse(await readFile(proof.statement, 'utf8')) as object;
      // The document of the build replaces it; a statement of a failure stays.
      if (proof.passed) await rm(proof.statement);
      const place = join(output, EVIDENCE);
      await putInPlace(evidence, place);
      if (!proof.passed) throw failed(proof, place);
      const { facts } = osImageFacts(results);
      return writeDocuments(env, { output, facts, contents: { 'test-result': statement } });
    },
  });
}

function archOf(results: Results): Arch {
  return imageArch(osImageFacts(results).facts);
}

/** The artifacts that boot, and the image of the build. */
async function subjectsOf(kinds: readonly ArtifactKind[], results: Results): Promise<ProofSubjects> {
  const sums = kinds.map((kind) => ({ kind, ...resultOf(results, checksumKey(kind)).facts }));
  const layouts = sums.filter(({ kind }) => kind === 'oci');
  return {
    artifacts: sums.filter(({ file }) => isBootable(file)).map(({ file, sha256 }) => ({ file, sha256 })),
    images: await Promise.all(layouts.map(({ file }) => layoutSubject(file))),
  };
}

function failed({ results }: Proof, place: string): FactoryError {
  const failures = results.filter(({ failure }) => failure !== undefined);
  return new FactoryError('PROOF_FAILED', `${failures.length} of ${results.length} checks failed`, {
    details: failures.flatMap(linesOf),
    remedy: `Read the consoles in ${place}. The artifacts are there, but neither signed nor published.`,
  });
}

function linesOf({ failure, output, ...test }: ProofResult): string[] {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.slice(-SHOWN_LINES).map((line) => `  ${line}`);
  return [`${test.machine}: ${shownTest(test)}: ${failure}`, ...shown];
}

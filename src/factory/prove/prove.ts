import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Arch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { hashFile } from '../../common/files/digest.ts';
import type { LifeEvent } from '../../common/trust/proof.ts';
import { diskFormat, type Machine } from '../boot/machine.ts';
import type { Firmware } from '../config/prove.ts';
import type { Resource } from '../inspect/provenance/statement.ts';
import { SUMS, TEST_RESULT_ENDING } from '../signing/output-files.ts';
import { createDisk, createOverlay } from '../tools/qemu-img.ts';
import type { Runner } from '../tools/runner.ts';
import { renderJunit } from './junit.ts';
import type { NodeCheck } from './node-checks.ts';
import type { ProofResult } from './proof-result.ts';
import { machineName, type ProofArtifact, type ProofSubjects } from './proof-subjects.ts';
import { writeProofVolume } from './proof-volume.ts';
import { proveArtifact } from './prove-artifact.ts';
import { testResultStatement } from './test-result.ts';

/** Enough for the slots and some gigabytes of data; the file is sparse. */
const DISK_SIZE = '32G';
const MEMORY = 2048;

/** What to prove, and how. */
export interface ProofRequest {
  readonly subjects: ProofSubjects;
  readonly arch: Arch;
  readonly firmwares: readonly Firmware[];
  readonly events: readonly LifeEvent[];
  readonly checks: readonly NodeCheck[];
  readonly kvm: boolean;
  /** Milliseconds for one boot, or one script. */
  readonly limit: number;
  /** Directory for the evidence. */
  readonly evidence: string;
  /** Directory of the project's templates. */
  readonly templates: string;
  /** Name and version of this program. */
  readonly tool: string;
  readonly onResult: (result: ProofResult) => void;
}

/** The outcome of a proof. */
export interface Proof {
  readonly passed: boolean;
  readonly results: readonly ProofResult[];
  /** Paths of the JUnit file and of the statement. */
  readonly junit: string;
  readonly statement: string;
}

/**
 * Boots each artifact on each firmware, lets it live through the events, and writes the evidence: consoles, pictures, a JUnit
 * file, and an in-toto statement over the digests of the artifacts.
 * @throws FactoryError `tool` when QEMU or its firmware is missing
 */
export async function prove(
  request: ProofRequest,
  { runner, signal }: { readonly runner: Runner; readonly signal: AbortSignal },
): Promise<Proof> {
  const { firmwares, evidence } = request;
  const { artifacts, images } = request.subjects;
  await mkdir(evidence, { recursive: true });
  const subjects: Resource[] = [];
  for (const artifact of artifacts) subjects.push(await subjectOf(artifact, signal));
  const results: ProofResult[] = [];
  for (const { file: artifact } of artifacts) {
    for (const firmware of firmwares) {
      const scratch = await mkdtemp(join(tmpdir(), 'kairos-factory-proof-'));
      try {
        const name = machineName(artifact, firmware);
        const at = (ending: string) => join(evidence, `${basename(artifact)}.${firmware}.${ending}`);
        const { checks, onResult, limit } = request;
        const machine = await machineOf(request, { artifact, firmware, scratch, runner });
        const events = eventsOf(artifact, request.events);
        const volume = await writeProofVolume(runner, { directory: scratch, templates: request.templates });
        const console = at('console.log');
        await rm(console, { force: true });
        results.push(
          ...(await proveArtifact(
            { name, machine, events, checks, onResult, screenshot: at('png') },
            { runner, volume, scratch, console, limit, signal },
          )),
        );
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    }
  }
  const junit = join(evidence, 'junit.xml');
  await writeFile(junit, renderJunit(results));
  const statement = join(evidence, TEST_RESULT_ENDING);
  const made = testResultStatement([...subjects, ...images], results, [configurationOf(request)]);
  await writeFile(statement, `${JSON.stringify(made, null, 2)}\n`);
  return { passed: results.every(({ failure }) => failure === undefined), results, junit, statement };
}

async function subjectOf({ file, sha256: wanted }: ProofArtifact, signal: AbortSignal): Promise<Resource> {
  const sha256 = await hashFile(file, signal);
  if (wanted !== undefined && wanted !== sha256) {
    throw new FactoryError('SIGNED_LIST_INVALID', `${file} does not match ${SUMS}, so nothing is proven`, {
      details: [`listed: ${wanted}`, `found:  ${sha256}`],
      remedy: 'Build again: the file was changed after the build.',
    });
  }
  return { name: basename(file), digest: { sha256 } };
}

/** Only a medium can be installed; what happens later needs an installed system. */
function eventsOf(artifact: string, events: readonly LifeEvent[]): LifeEvent[] {
  const isMedium = artifact.endsWith('.iso');
  if (!isMedium) return events.filter((event) => event !== 'install');
  return events.includes('install') ? [...events] : ['boot'];
}

/** The artifact stays as it is: a disk is an overlay of it, and larger, as real ones are; a medium is installed to an empty disk. */
async function machineOf(
  { arch, kvm, events }: ProofRequest,
  parts: {
    readonly artifact: string;
    readonly firmware: Firmware;
    readonly scratch: string;
    readonly runner: Runner;
  },
): Promise<Machine> {
  const { artifact, firmware, scratch, runner } = parts;
  const attachment = 'disk';
  const machine = { arch, firmware, attachment, memory: MEMORY, cores: kvm ? 2 : 1, kvm } as const;
  const disk = join(scratch, 'disk.qcow2');
  if (!artifact.endsWith('.iso')) {
    await createOverlay(runner, disk, { backing: artifact, format: diskFormat(artifact), size: DISK_SIZE });
    return { ...machine, artifact: disk, snapshot: false };
  }
  if (!events.includes('install')) return { ...machine, artifact, snapshot: true };
  await createDisk(runner, disk, DISK_SIZE);
  return { ...machine, artifact, snapshot: true, target: disk };
}

function configurationOf({ tool, firmwares, events, kvm, checks }: ProofRequest): Resource {
  return {
    name: tool,
    uri: 'urn:kairos-factory:proof:v1',
    annotations: {
      firmware: firmwares.join(','),
      life: events.join(','),
      processor: kvm ? 'kvm' : 'emulated',
      checks: checks.map(({ name }) => name).join(','),
    },
  };
}

import { existsSync } from 'node:fs';
import { z } from 'zod';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { checkProgram } from '../../catalog/kubernetes/check-program.ts';
import type { KubernetesSpec } from '../../config/kubernetes.ts';
import { FILE_ROLES, findInList, type WantedFile, wantedFiles } from '../../config/kubernetes-files.ts';
import { download, mismatch } from '../../inputs/download/download.ts';
import { fetchText } from '../../inputs/download/fetch-text.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { rememberedHash } from '../digests.ts';
import {
  defineStep,
  fileOf,
  type Results,
  resultOf,
  type Step,
  type StepContext,
  type StepKey,
} from '../step.ts';

/** A verified Kubernetes file for the image. */
export interface KubernetesFile {
  readonly role: WantedFile['role'];
  /** File name in the image. */
  readonly name: string;
  readonly sha256: string;
  /** Path on this machine. */
  readonly path: string;
}

/** A Kubernetes file without its local path. */
export type KubernetesFact = Omit<KubernetesFile, 'path'>;

const fact: z.ZodType<KubernetesFact> = z.object({
  role: z.enum(FILE_ROLES),
  name: z.string(),
  sha256: z.string(),
});

/** The program and images of Kubernetes. */
export const KUBERNETES_STEP: StepKey<{ readonly files: readonly KubernetesFact[] }> = {
  id: 'kubernetes',
  facts: z.object({ files: z.array(fact) }),
};

/** Upper bound for a list of checksums in characters; real lists have about a thousand. */
const LIST_LIMIT = 1024 * 1024;

/** Options of {@link kubernetesStep}. */
export interface KubernetesStepOptions {
  readonly arch: string;
  readonly signal: AbortSignal;
}

/** The step that fetches the program and images of Kubernetes and verifies each file before its use. */
export function kubernetesStep(
  env: Pick<BuildEnvironment, 'digests' | 'downloads' | 'owner' | 'fetch'>,
  spec: KubernetesSpec,
  { arch, signal }: KubernetesStepOptions,
): Step {
  const wanted = wantedFiles(spec, arch);
  return defineStep(KUBERNETES_STEP, {
    title: `fetch ${spec.distribution} ${spec.version}`,
    needs: [],
    inputs: async () => [
      arch,
      await Promise.all(wanted.map(async (file) => [file, await localHash(env, file)])),
    ],
    run: async (context) => {
      const files: KubernetesFile[] = [];
      for (const file of wanted)
        files.push({ ...(await obtain(env, file, { ...context, signal })), ...named(file) });
      const program = files.find(({ role }) => role === 'program');
      if (program) await checkProgram(program.path, arch, describe(wanted[0]));
      const facts = { files: files.map(({ path: _, ...fact }) => fact) };
      return {
        facts,
        files: Object.fromEntries(files.map((file) => [keyOf(file), file.path])),
        // The digest covers the content only: its source does not matter.
        digest: cacheKey(KUBERNETES_STEP.id, facts, []),
      };
    },
  });
}

/** The files that the step provided. */
export function kubernetesFiles(results: Results): KubernetesFile[] {
  const { files } = resultOf(results, KUBERNETES_STEP).facts;
  return files.map((file) => ({ ...file, path: fileOf(results, KUBERNETES_STEP.id, keyOf(file)) }));
}

async function localHash(
  env: Pick<BuildEnvironment, 'digests'>,
  { source }: WantedFile,
): Promise<string | null> {
  if (source.kind !== 'file') return null;
  if (existsSync(source.path)) return rememberedHash(env.digests, source.path);
  throw new FactoryError('FILE_NOT_FOUND', `${source.path} does not exist`, {
    remedy: 'Check the path in the key kubernetes.',
  });
}

async function obtain(
  env: Pick<BuildEnvironment, 'digests' | 'downloads' | 'owner' | 'fetch'>,
  { source, name }: WantedFile,
  { say, notice, signal }: StepContext & { readonly signal: AbortSignal },
): Promise<{ readonly path: string; readonly sha256: string }> {
  if (source.kind === 'file') {
    const sha256 = await rememberedHash(env.digests, source.path);
    if (source.sha256 !== undefined && sha256 !== source.sha256)
      throw mismatch(source.path, source.sha256, sha256);
    return { path: source.path, sha256 };
  }
  const { urls, pin } = source;
  const [first = ''] = urls;
  let chosen = { url: first, sha256: pin.kind === 'sha256' ? pin.sha256 : '' };
  if (pin.kind === 'list') {
    say(`reading ${pin.url}`);
    const found = findInList(await fetchText(env.fetch, { url: pin.url, signal, limit: LIST_LIMIT }), urls);
    if (found === undefined) {
      throw new FactoryError(
        'DIGEST_MISMATCH',
        `${pin.url} has no checksum for ${urls.map(lastPart).join(' or ')}`,
        {
          remedy: 'Check the version and the architecture, or name the file with its sha256.',
        },
      );
    }
    chosen = found;
    notice(
      `${lastPart(chosen.url)} has sha256 ${chosen.sha256} according to its release; pin it in the configuration.`,
    );
  }
  say(`fetching ${name}`);
  const path = await download(chosen, {
    directory: env.downloads,
    owner: env.owner,
    fetch: env.fetch,
    signal,
    say,
  });
  return { path, sha256: chosen.sha256 };
}

/** Includes the role, because a file of images can have the name of the program. */
function keyOf({ role, name }: KubernetesFact): string {
  return `${role} ${name}`;
}

function named({ role, name }: WantedFile) {
  return { role, name };
}

function describe(file: WantedFile | undefined): string {
  if (file?.source.kind === 'file') return file.source.path;
  return file?.source.urls[0] ?? '';
}

function lastPart(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

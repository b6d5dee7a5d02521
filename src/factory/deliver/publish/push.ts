import { FactoryError } from '../../../common/errors/factory-error.ts';
import { createTransferReporter } from '../../../common/text/transfer.ts';
import type { RegistrySettings } from '../../config/registries.ts';
import type { SignSpec } from '../../config/signing.ts';
import type { BuildEvent } from '../../pipeline/events.ts';
import { type Session, withSession } from '../../pipeline/session.ts';
import { secretVariables } from '../../signing/signer.ts';
import { readBuildOutput } from './build-output.ts';
import { readLayoutImage } from './layout-image.ts';
import { openWriter } from './open-writer.ts';
import type { PushImage } from './push-image.ts';
import { type PushResult, pushImages } from './push-images.ts';
import { type PushSource, readPushSource } from './push-source.ts';
import { type PushTarget, repositoryName, tagsFor } from './push-target.ts';
import { openPushSigner, type PushSigner, signPushed } from './sign-pushed.ts';

/** A push: sources, target and settings. */
export interface PushJob {
  readonly sources: readonly PushSource[];
  readonly target: PushTarget;
  /** Whether the tags name an index of all sources; required for several sources. */
  readonly isIndex: boolean;
  /** Another repository of the same registry to mount existing blobs from. */
  readonly mountFrom?: string | undefined;
  readonly registries: readonly RegistrySettings[];
  /** Signs the images before they are tagged. */
  readonly sign?: SignSpec | undefined;
}

/** Callbacks of a push. */
export interface PushEvents {
  readonly emit: (event: BuildEvent) => void;
  /** Called with the path of the log once it exists. */
  readonly onLog: (file: string) => void;
}

/**
 * Runs push jobs one after the other, as documented at `pushImages`. Stops at the first failure; content tagged by then is
 * complete.
 * @throws FactoryError as documented at `pushImages` and `readPushSource`, `interrupted` after a signal
 */
export async function push(jobs: readonly PushJob[], events: PushEvents): Promise<PushResult[]> {
  const { emit, onLog } = events;
  const run = async (session: Session) => {
    const steps = jobs.map(({ target }, at) => ({
      id: jobs.length === 1 ? 'push' : `push:${at + 1}`,
      title: `push to ${repositoryName(target)}`,
      needs: [],
      state: 'run' as const,
    }));
    emit({ type: 'plan', steps });
    await requireDifferentTags(jobs);
    // Check the keys before the first push.
    const signers: (PushSigner | undefined)[] = [];
    const warn = (text: string) => emit({ type: 'notice', text });
    for (const { sign } of jobs) signers.push(sign && (await openPushSigner(sign, session, warn)));
    const results: PushResult[] = [];
    for (const [at, job] of jobs.entries()) {
      const { id = '', title = '' } = steps[at] ?? {};
      const started = performance.now();
      emit({ type: 'start', id, title });
      try {
        const say = (text: string) => emit({ type: 'progress', id, text });
        results.push(await pushOne(job, { session, signer: signers[at], emit, say }));
      } catch (error) {
        emit({ type: 'fail', id, title, message: String(error) });
        throw error;
      }
      emit({ type: 'end', id, title, cached: false, seconds: (performance.now() - started) / 1000 });
    }
    return results;
  };
  const secrets = jobs.flatMap(({ sign }) => secretVariables(sign));
  return withSession(run, { secrets, onLog });
}

interface PushContext extends Pick<PushEvents, 'emit'> {
  readonly session: Session;
  readonly signer: PushSigner | undefined;
  readonly say: (text: string) => void;
}

async function pushOne(
  { sources, target, isIndex, mountFrom, registries }: PushJob,
  { session, signer, emit, say }: PushContext,
): Promise<PushResult> {
  const { runner, signal, workspace, log } = session;
  const notice = (text: string) => {
    log(text);
    emit({ type: 'notice', text });
  };
  const access = { runner, registries, env: process.env, signal };
  const writer = await openWriter({ ...access, mountFrom, warn: say }, target);
  const images: PushImage[] = [];
  for (const source of sources) {
    images.push(await readPushSource(source, { target, writer, runner, work: workspace.work, say }));
  }
  const request = { target, images, isIndex: isIndex || images.length > 1 };
  const beforeTags =
    signer &&
    (async (pushed: PushResult) => ({
      signatures: await signPushed(pushed, images, { ...signer, access, say }),
    }));
  const progress = createTransferReporter((text) => say(`pushed ${text}`));
  const result = await pushImages(writer, request, { signal, notice, beforeTags, progress });
  log(`pushed ${JSON.stringify(result)}`);
  return result;
}

/**
 * Checks that no two jobs claim the same tag: jobs without tags use the names of their images, which can be equal.
 * @throws FactoryError `usage` before anything is pushed
 */
async function requireDifferentTags(jobs: readonly PushJob[]): Promise<void> {
  const places = new Map<string, PushSource>();
  for (const { target, sources, isIndex } of jobs) {
    const [source] = sources;
    if (source === undefined || isIndex) continue;
    for (const tag of tagsFor(target, await ownName(source))) {
      const name = `${repositoryName(target)}:${tag}`;
      const other = places.get(name);
      if (other) {
        const paths = [other, source].map((one) => ('path' in one ? one.path : name));
        throw new FactoryError(
          'PUSH_TAG_CONFLICT',
          `${paths.join(' and ')} would both be pushed as ${name}`,
          {
            remedy: 'Give each its own name or tag.',
          },
        );
      }
      places.set(name, source);
    }
  }
}

/** The name of a source's image in its layout. */
async function ownName(source: PushSource): Promise<string | undefined> {
  if (source.kind === 'pushed') return undefined;
  if (source.kind === 'layout') return (await readLayoutImage(source.path, source.name)).name;
  return (await readLayoutImage((await readBuildOutput(source.path)).layout)).name;
}

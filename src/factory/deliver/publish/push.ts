import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { RegistrySettings } from '../../config/registries.ts';
import type { SignSpec } from '../../config/signing.ts';
import type { BuildEvent } from '../../pipeline/events.ts';
import { type Session, withSession } from '../../pipeline/session.ts';
import { secretVariables } from '../../signing/signer.ts';
import { readBuildOutput } from './build-output.ts';
import { readLayoutImage } from './layout-image.ts';
import { openWriter } from './open-writer.ts';
import { type PushImage, type PushResult, pushImages } from './push-images.ts';
import { type PushSource, readPushSource } from './push-source.ts';
import { type PushTarget, repositoryName, tagsFor } from './push-target.ts';
import { openPushSigner, type PushSigner, signPushed } from './sign-pushed.ts';

/** One push: what, and where to. */
export interface PushJob {
  readonly sources: readonly PushSource[];
  readonly target: PushTarget;
  /** Whether the tags name an index of all sources; several have none without. */
  readonly isIndex: boolean;
  /** Another repository of the registry that may have some of the content. */
  readonly mountFrom?: string | undefined;
  readonly registries: readonly RegistrySettings[];
  /** Who signs it before it gets its tags. */
  readonly sign?: SignSpec | undefined;
}

/** Who follows it. */
export interface PushEvents {
  readonly emit: (event: BuildEvent) => void;
  /** Told the path of the log as soon as there is one. */
  readonly onLog: (file: string) => void;
}

/** Milliseconds between two lines on how far a push is. */
const PAUSE = 1000;
const MIB = 1024 ** 2;

/**
 * Pushes, one job after the other, each as documented at `pushImages`. A failure ends it; what has its tags by then is
 * whole.
 * @throws FactoryError as documented at `pushImages` and `readPushSource`, `interrupted` after a signal
 */
export async function push(jobs: readonly PushJob[], events: PushEvents): Promise<PushResult[]> {
  const { emit, onLog } = events;
  const run = async (session: Session) => {
    const steps = jobs.map(({ target }, at) => ({
      id: jobs.length === 1 ? 'push' : `push:${at + 1}`,
      title: `push to ${repositoryName(target)}`,
      ...{ needs: [], state: 'run' as const },
    }));
    emit({ type: 'plan', steps });
    await requireDifferentTags(jobs);
    // What is wrong with a key is told before anything is pushed.
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
        results.push(await pushOne(job, session, signers[at], events, say));
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

async function pushOne(
  { sources, target, isIndex, mountFrom, registries }: PushJob,
  { runner, signal, workspace: { work }, log }: Session,
  signer: PushSigner | undefined,
  { emit }: PushEvents,
  say: (text: string) => void,
): Promise<PushResult> {
  const notice = (text: string) => {
    log(text);
    emit({ type: 'notice', text });
  };
  const access = { runner, registries, env: process.env, signal };
  const writer = await openWriter({ ...access, mountFrom, warn: say }, target);
  const images: PushImage[] = [];
  for (const source of sources) {
    images.push(await readPushSource(source, target, writer, { runner, work, say }));
  }
  const request = { target, images, isIndex: isIndex || images.length > 1 };
  const beforeTags =
    signer &&
    (async (pushed: PushResult) => ({ signatures: await signPushed(pushed, images, signer, access, say) }));
  const result = await pushImages(writer, request, { signal, notice, beforeTags, progress: pacing(say) });
  log(`pushed ${JSON.stringify(result)}`);
  return result;
}

function pacing(say: (text: string) => void) {
  let told = 0;
  const mib = (bytes: number) => (bytes / MIB).toFixed(1);
  return (done: number, total: number) => {
    const now = performance.now();
    if (now - told < PAUSE && done < total) return;
    told = now;
    say(`${mib(done)} of ${mib(total)} MiB are there`);
  };
}

/**
 * Jobs without tags are pushed by what their images call themselves, which may be the same.
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
            remedy: 'Give each a name or a tag of its own.',
          },
        );
      }
      places.set(name, source);
    }
  }
}

/** What the image of a source calls itself. */
async function ownName(source: PushSource): Promise<string | undefined> {
  if (source.kind === 'there') return undefined;
  if (source.kind === 'layout') return (await readLayoutImage(source.path, source.name)).name;
  return (await readLayoutImage((await readBuildOutput(source.path)).layout)).name;
}

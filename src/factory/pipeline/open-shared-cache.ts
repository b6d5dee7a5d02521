import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { TrustKey } from '../../common/trust/public-key.ts';
import { loadSigners } from '../config/load-signers.ts';
import type { SharedCacheSpec } from '../config/shared-cache.ts';
import { KEYLESS, type SignSpec } from '../config/signing.ts';
import { openResultRegistry } from '../sharing/result-registry.ts';
import { openSigner, type Signer } from '../signing/signer.ts';
import type { BuildOptions } from './build-options.ts';
import { createCache } from './cache.ts';
import type { EngineSession } from './engine-session.ts';
import { createSharedCache, type SharedCache } from './shared-cache.ts';
import type { Target } from './target.ts';

/** The shared cache of a run, closed when disposed of. */
export interface OpenSharedCache extends AsyncDisposable {
  /** Absent for a run without one. */
  readonly shared: SharedCache | undefined;
}

/** A run without a shared cache. */
export const NOT_SHARED: OpenSharedCache = {
  shared: undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

/** Options of {@link openSharedCache}. */
export interface SharingOptions extends Pick<BuildOptions, 'useCache' | 'offline' | 'emit'> {
  /** Whether new results are stored. */
  readonly mayWrite: boolean;
}

/**
 * Opens the shared cache that the targets name, and tries its keys. A build that fetches nothing has none.
 * @throws FactoryError `usage` when targets name different ones, or no key; for a key that cannot be used; `tool` without cosign
 */
export async function openSharedCache(
  targets: readonly Target[],
  session: EngineSession,
  { useCache, offline, emit, mayWrite }: SharingOptions,
): Promise<OpenSharedCache> {
  const spec = cacheOf(targets);
  if (spec === undefined || offline) return NOT_SHARED;
  const { runner, signal, workspace, engine, log } = session;
  const { registry: place, verify } = spec.cache;
  const scratch = await mkdtemp(join(workspace.work, 'shared-cache-'));
  const notice = (text: string) => emit({ type: 'notice', text });
  const sign = signOf(spec);
  const signer = sign && (await openSigner({ runner, env: process.env, scratch, warn: notice }, sign));
  const keys = await acceptedKeys(verify, signer);
  const name = `${place.registry}/${place.repository}`;
  if (keys.length === 0) throw noKey(name);
  const { work } = workspace;
  const registry = await openResultRegistry(place, {
    runner,
    registries: spec.registries,
    env: process.env,
    signal,
    keys,
    signer,
    work: scratch,
    log,
  });
  const shared = createSharedCache({
    name,
    registry,
    reads: useCache,
    writes: mayWrite && signer !== undefined,
    engine,
    cache: createCache(workspace.cache),
    runner,
    signal,
    work,
    notice,
    log,
  });
  return { shared, [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }) };
}

interface Sharing {
  readonly cache: SharedCacheSpec;
  readonly sign: SignSpec | undefined;
  readonly registries: Target['spec']['registries'];
}

/** The shared cache of all targets. @throws FactoryError `usage` when they name different ones */
function cacheOf(targets: readonly Target[]): Sharing | undefined {
  const [first] = targets;
  const different = new Set(targets.map(({ spec }) => JSON.stringify(spec.sharedCache)));
  if (different.size > 1)
    throw new FactoryError('TARGET_CONFLICT', 'targets name different shared caches', {
      remedy: 'Set cache once, outside matrix and targets.',
    });
  const cache = first?.spec.sharedCache;
  return first && cache && { cache, sign: first.spec.sign, registries: first.spec.registries };
}

/** The signer of new results: a certificate for the identity of a job is none, because its key is another one each time. */
function signOf({ cache, sign }: Sharing): SignSpec | undefined {
  if (cache.sign?.key === KEYLESS)
    throw new FactoryError(
      'OPTION_CONFLICT',
      'cache.sign cannot be keyless: results are verified with a key',
      {
        remedy: 'Give a key; "cosign generate-key-pair" creates one.',
      },
    );
  if (cache.sign !== undefined) return cache.sign;
  return cache.verify.length > 0 || sign?.key === KEYLESS ? undefined : sign;
}

async function acceptedKeys(verify: readonly string[], signer: Signer | undefined): Promise<TrustKey[]> {
  const listed =
    verify.length === 0
      ? []
      : (await loadSigners('cache.verify', { keys: [...verify], identities: [], threshold: 1 })).keys;
  return [...listed, ...(signer?.publicKey === undefined ? [] : [signer.publicKey])];
}

function noKey(name: string): FactoryError {
  return new FactoryError(
    'OPTION_MISSING',
    `the shared cache ${name} needs a key: only signed results are used`,
    {
      remedy: 'List public keys in cache.verify to read from it, and give a key in cache.sign to add to it.',
    },
  );
}

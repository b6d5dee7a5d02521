import { packFiles, packImage } from '../sharing/pack-result.ts';
import { scratchDirectory } from '../sharing/result-registry.ts';
import type { SharedCacheContext } from './shared-cache-context.ts';
import { WithImage } from './shared-key.ts';
import type { SharedKeys } from './shared-reader.ts';
import type { SharedForm, Step, StepResult } from './step.ts';

/** A result that was made here, and is in the cache of this machine. */
interface Own {
  readonly step: Step;
  readonly shared: SharedForm;
  readonly keys: SharedKeys;
  readonly result: StepResult;
}

/**
 * Stores a result for other machines.
 * @returns the bytes that were sent
 * @throws FactoryError as the registry client; `step` when a program fails
 */
export async function storeShared(
  { registry, engine, cache, runner, signal, work }: SharedCacheContext,
  { step, shared, keys, result }: Own,
): Promise<number> {
  await using scratch = await scratchDirectory(work);
  const context = { runner, signal, scratch: scratch.path };
  const home = cache.directory(step, keys.key);
  const paths = Object.entries(result.files).map(
    ([name, path]) => [name, path.slice(home.length + 1)] as const,
  );
  const content = paths.length === 0 ? undefined : await packFiles(context, home);
  const image =
    shared.kind === 'files'
      ? undefined
      : await packImage(context, { engine, image: WithImage.parse(result.facts).image, arch: shared.arch });
  const record = {
    version: 1,
    step: step.id,
    key: keys.shared,
    digest: result.digest,
    facts: result.facts,
    files: Object.fromEntries(paths),
    ...(content === undefined ? {} : { content: content.described }),
    ...(image === undefined ? {} : { image: image.described }),
  } as const;
  return await registry.put(record, new Map([...(content?.files ?? []), ...(image?.files ?? [])]));
}

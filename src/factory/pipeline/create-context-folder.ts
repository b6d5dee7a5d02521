import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { putInPlace } from '../../common/files/output-file.ts';
import { formatImageReference } from '../../common/oci/registry/image-reference.ts';
import { chooseBase, chooseFlavor, type FlavorChoice } from '../catalog/flavors/choose.ts';
import { loadModel } from '../catalog/models/load.ts';
import { type BaseReference, parseBaseReference } from '../config/base-reference.ts';
import type { BuildSpec, UserContainerfile } from '../config/schema.ts';
import {
  type FolderContainerfile,
  type FolderSource,
  type FolderSources,
  folderEntries,
  rootTar,
} from '../image/context/context-folder.ts';
import { packContext } from '../image/context/context-tar.ts';
import { userContextEntries } from '../image/context/user-context.ts';
import type { ImageSource } from '../inputs/base/image-source.ts';
import { packDirectory, unpackStream } from '../tools/tar.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { refuseForeign } from './foreign-folder.ts';
import { baseReference, sourceSteps } from './graph.ts';
import { createScheduler, requireResults, type SchedulerContext } from './scheduler.ts';
import { type Results, resultOf } from './step.ts';
import { BASE_STEP } from './steps/base-facts.ts';
import { imageRecipe } from './steps/image-recipe.ts';
import { readContainerfile } from './steps/read-containerfile.ts';
import { openOutput } from './workspace.ts';

/** Options of {@link createContextFolder}. */
export interface ContextFolderOptions {
  readonly spec: BuildSpec;
  /** Absolute path of the folder. */
  readonly output: string;
  /** Runs the steps that provide the images. */
  readonly context: SchedulerContext;
}

/**
 * Creates the context folder of a build. The folder appears completely or not at all, and replaces an earlier context folder.
 * @throws FactoryError `usage` when the path holds anything else, or the spec cannot be built; the errors of the steps
 */
export async function createContextFolder(
  env: BuildEnvironment,
  { spec, output, context }: ContextFolderOptions,
): Promise<void> {
  const { emit, signal } = context;
  const notice = (text: string) => emit({ type: 'notice', text });
  const place = await openOutput(dirname(output));
  try {
    const flavor = await chooseFlavor(env.flavors, spec.flavor);
    const model = await loadModel(env.models, spec.model);
    const own = spec.containerfile;
    const inspected =
      own === undefined || isBuildableHere(own, notice) ? spec : { ...spec, containerfile: undefined };
    const recipe = imageRecipe(env, { spec: inspected, choice: flavor, model });
    const steps = sourceSteps(env, { spec: inspected, choice: flavor }, signal);
    emit({ type: 'plan', steps: steps.map(({ id, title, needs }) => ({ id, title, needs, state: 'run' })) });
    const run = createScheduler(context);
    const results = requireResults(await run({ steps }), signal);
    const contextOptions = recipe.options(results, notice);
    const sources = await folderSources(spec, flavor, env.images);
    const partial = place.partial(basename(output));
    await mkdir(partial);
    const entries = folderEntries(contextOptions, sources, own && folderContainerfile(own));
    await unpackStream(env.runner, packContext(entries), partial);
    const { kernel, bundles = [] } = contextOptions;
    const pack = async (from: FolderSource | undefined, image: string | undefined, tar: string) => {
      if (from?.kind === 'tar' && image !== undefined) await packImage(env, image, join(partial, tar));
    };
    await pack(sources.base, baseImage(results), rootTar('base'));
    await pack(sources.kernel, kernel?.image, rootTar('kernel'));
    for (const [index, { image }] of bundles.entries()) {
      await pack(sources.bundles[index], image, rootTar(index));
    }
    await refuseForeign(output);
    await putInPlace(partial, output);
  } finally {
    await place.close();
  }
}

/** The sources of the context. Another builder fetches registry images itself, by the digests from the lock or the registry. */
async function folderSources(
  spec: BuildSpec,
  flavor: FlavorChoice,
  images: ImageSource,
): Promise<FolderSources> {
  const source = async (reference: BaseReference): Promise<FolderSource> => {
    if (reference.kind !== 'docker') return { kind: 'tar' };
    const { manifest } = await images.pin(reference.image, spec.arch);
    return {
      kind: 'registry',
      reference: formatImageReference({ ...reference.image, tag: undefined, digest: manifest }),
      name: formatImageReference(reference.image),
      platform: `linux/${spec.arch}`,
    };
  };
  const named = (text: string) => source(parseBaseReference(text, process.cwd()));
  return {
    base: await source(baseReference(chooseBase(flavor.named, spec))),
    kernel: spec.kernelFrom === undefined ? undefined : await named(spec.kernelFrom),
    bundles: await Promise.all(spec.bundles.map(({ image }) => named(image))),
  };
}

/** The unchanged base: the other builder applies the user's Containerfile again. */
function baseImage(results: Results): string {
  return resultOf(results, BASE_STEP).facts.image;
}

/** Whether the user's Containerfile can be built here, to inspect the base afterwards. Another builder may pull images. */
function isBuildableHere(own: UserContainerfile, notice: (text: string) => void): boolean {
  const [pull] = readContainerfile(own).pulls;
  if (pull === undefined) return true;
  notice(
    `${own.file} needs ${pull.image}, so it is not built here: the factory assumes that it does not change the kind of the base`,
  );
  return false;
}

function folderContainerfile(own: UserContainerfile): FolderContainerfile {
  return { stage: own.stage, checked: readContainerfile(own), entries: userContextEntries(own) };
}

async function packImage(
  env: Pick<BuildEnvironment, 'engine' | 'runner'>,
  image: string,
  file: string,
): Promise<void> {
  await using open = await env.engine.open(image);
  await packDirectory(env.runner, open.root, createWriteStream(file));
}

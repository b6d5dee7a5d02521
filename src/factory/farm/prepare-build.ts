import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { expandTemplate } from '../../common/cloud-config/template/template.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { anchorBase } from './anchor-base.ts';
import { BuildPlan } from './build-plan.ts';
import { FILE, PLACE } from './places.ts';

/** Names the build that the files of a volume are of. */
const MARK = '.kairos-factory-build';
/** Largest file that is read as a whole, in bytes. */
const LARGEST = 4 * 1024 * 1024;

/** Where things are; tests have them elsewhere. */
export interface BuildPlaces {
  readonly place: Readonly<Record<'artifacts' | 'values' | 'work', string>>;
  readonly file: Readonly<Record<'configuration' | 'containerfile' | 'authorities' | 'template', string>>;
}

/** Those of the containers of a build. */
export const POD_PLACES: BuildPlaces = { place: PLACE, file: FILE };

/** Reads the plan of a build. @throws FactoryError `usage` */
export async function readPlan(file: string): Promise<BuildPlan> {
  try {
    return BuildPlan.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new FactoryError('CONFIG_INVALID', `${file} is not the plan of a build`, {
      remedy: 'The operator mounts the plan into the pods of a build: this command is for them only.',
      cause,
    });
  }
}

/**
 * Does what has to be done in the pod before a build: removes the files of another build from the volume, renders the Containerfile,
 * and collects certificates. Secrets are read here, and nowhere outside of the pod.
 * @throws FactoryError `usage` for a template that cannot be rendered
 */
export async function prepareBuild(plan: BuildPlan, places: BuildPlaces = POD_PLACES): Promise<void> {
  const { place, file } = places;
  await clearVolume(place.artifacts, plan.build);
  await mkdir(place.work, { recursive: true });
  if (plan.authorities !== undefined) await collectAuthorities(plan.authorities, file.authorities);
  if (plan.configuration === undefined) return;
  const found = plan.values === undefined ? {} : await renderContainerfile(plan.values, places);
  const own = (plan.configuration['registries'] ?? []) as readonly { readonly registry: string }[];
  const registries = [...own, ...registryOf(found.base, plan, { known: own, ca: file.authorities })];
  const configuration = {
    ...plan.configuration,
    ...(found.base !== undefined && { base: found.base }),
    ...(registries.length > 0 && { registries }),
  };
  await writeFile(file.configuration, stringify(configuration));
}

/** What an earlier try of the same build left stays: it is used again. */
async function clearVolume(directory: string, build: string): Promise<void> {
  const mark = join(directory, MARK);
  if ((await readFile(mark, 'utf8').catch(() => '')) === build) return;
  // A file system of its own may have a directory of root.
  const names = (await readdir(directory)).filter((name) => name !== 'lost+found');
  for (const name of names) await rm(join(directory, name), { recursive: true, force: true });
  await writeFile(mark, build);
}

async function collectAuthorities(directory: string, file: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => /\.(?:pem|crt|cert)$/.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readLimited(join(directory, name))));
  await writeFile(file, texts.map((text) => `${text.trimEnd()}\n`).join(''));
}

async function renderContainerfile(
  own: Readonly<Record<string, string>>,
  { place, file }: BuildPlaces,
): Promise<{ readonly base?: string }> {
  const names = await readdir(place.values).catch(() => []);
  const values: Record<string, string> = {};
  // A mounted Secret has links of its own, whose names begin with dots.
  for (const name of names.filter((each) => !each.startsWith('.')))
    values[name] = await readLimited(join(place.values, name));
  const template = await readLimited(file.template);
  const { text, base } = anchorBase(expandTemplate(template, { ...values, ...own }, { env: {} }));
  await writeFile(file.containerfile, text, { mode: 0o600 });
  return base === undefined ? {} : { base };
}

async function readLimited(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  if (text.length <= LARGEST) return text;
  throw new FactoryError('CONFIG_INVALID', `${file} is larger than ${LARGEST} bytes`);
}

function registryOf(
  base: string | undefined,
  { insecureBase, authorities }: BuildPlan,
  { known, ca }: { readonly known: readonly { readonly registry: string }[]; readonly ca: string },
): object[] {
  if (base === undefined || (!insecureBase && authorities === undefined)) return [];
  const { registry } = parseImageReference(base);
  if (known.some((each) => each.registry === registry)) return [];
  return [{ registry, ...(insecureBase && { insecure: true }), ...(authorities !== undefined && { ca }) }];
}

import { resolve } from 'node:path';
import { z } from 'zod';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { HttpFetch } from '../../../common/host/http-fetch.ts';
import { formatImageReference, parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import { isRemote } from '../../config/place.ts';
import { atPlaces, type RegistryAccess } from '../../inputs/base/resolve-image.ts';
import { fetchText } from '../../inputs/download/fetch-text.ts';
import { RELEASE_FILE } from './file-names.ts';
import { folderReader, type PreviousRelease, type ReadText, readPrevious } from './previous.ts';

/** Access to releases that are not in a local folder. */
export interface PreviousAccess {
  readonly registries: RegistryAccess;
  readonly fetch: HttpFetch;
  readonly signal: AbortSignal;
  /** Refuse anything that is not on this machine. */
  readonly offline: boolean;
  readonly notice: (text: string) => void;
}

/** Upper bound for a fetched text: the SBOM of a large system takes several megabytes. */
const TEXT_LIMIT = 128 * 1024 * 1024;
/** Annotation that holds a file name, as `oras push` sets it (OCI image-spec, "Pre-Defined Annotation Keys"). */
const TITLE = 'org.opencontainers.image.title';

const Artifact = z.object({
  layers: z.array(
    z.object({ digest: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
  ),
});

/**
 * Reads the previous release for the comparison.
 * @param place a folder, the URL of a folder or of its `release.json`, or the reference of a registry artifact whose layers
 *   are the named files of a release
 * @throws FactoryError `usage` when there is no release, `step` when it cannot be reached, `verification` when it is damaged
 */
export async function openPrevious(place: string, access: PreviousAccess): Promise<PreviousRelease> {
  if (!isRemote(place)) return readPrevious(place, folderReader(resolve(place)));
  if (access.offline) {
    throw new FactoryError(
      'OPTION_CONFLICT',
      `${place} is not on this machine, and --offline fetches nothing`,
      {
        remedy: 'Name a local folder with --previous, or drop --offline.',
      },
    );
  }
  const reader = /^https?:/.test(place) ? addressReader(place, access) : await artifactReader(place, access);
  return readPrevious(place, reader);
}

function addressReader(address: string, { fetch, signal }: PreviousAccess): ReadText {
  const folder = new URL(address);
  const isFile = folder.pathname.endsWith(`/${RELEASE_FILE}`) || folder.pathname.endsWith('/index.html');
  if (!isFile && !folder.pathname.endsWith('/')) folder.pathname += '/';
  return (name) => {
    const url = new URL(name.split('/').map(encodeURIComponent).join('/'), folder);
    url.search = folder.search;
    return fetchText(fetch, { url: url.href, signal, limit: TEXT_LIMIT });
  };
}

async function artifactReader(place: string, access: PreviousAccess): Promise<ReadText> {
  const image = parseImageReference(place.replace(/^docker:\/\//, ''));
  const name = formatImageReference(image);
  return atPlaces({ access: access.registries, image, warn: access.notice }, async ({ registry }) => {
    const { bytes } = await registry.getManifestBytes();
    const parsed = Artifact.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const layers = parsed.success ? parsed.data.layers : [];
    const digests = new Map(layers.map(({ digest, annotations }) => [annotations[TITLE], digest]));
    return async (file) => {
      const digest = digests.get(file);
      if (digest !== undefined)
        return Buffer.from(await registry.getBlobBytes(digest, TEXT_LIMIT)).toString('utf8');
      throw new FactoryError('BUILD_OUTPUT_INVALID', `${name} is not a release: it has no ${file}`, {
        remedy: 'Name the artifact of a pushed release, or the folder of a release.',
      });
    };
  });
}

import { readdir } from 'node:fs/promises';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { DISTRIBUTION_FACTS, DISTRIBUTIONS } from '../../catalog/kubernetes/distribution.ts';
import { IMAGES_HOME } from '../../image/context/kubernetes-entries.ts';
import type { Part } from './inventory.ts';
import { type InventorySources, regularFile } from './inventory-sources.ts';

/** Lists the Kubernetes distribution of the image and its archives of container images; nothing without Kubernetes. */
export async function kubernetesParts(root: string, { facts, hash }: InventorySources): Promise<Part[]> {
  const prefix = facts.release['KAIROS_SOFTWARE_VERSION_PREFIX'];
  const version = facts.release['KAIROS_SOFTWARE_VERSION'];
  const name = DISTRIBUTIONS.find((known) => known === prefix);
  if (name === undefined || !version) return [];
  const program = `/usr/bin/${name}`;
  const file = await regularFile(root, program);
  const project = /github\.com\/([^/]+\/[^/]+)/.exec(DISTRIBUTION_FACTS[name].releases)?.[1];
  const images = await resolveInRoot(root, IMAGES_HOME);
  const archives = images === undefined ? [] : (await readdir(images)).sort();
  return [
    {
      name,
      version,
      licence: 'Apache-2.0',
      description: 'Kubernetes distribution, a single executable',
      ...(project === undefined ? {} : { purl: `pkg:github/${project}@${encodeURIComponent(version)}` }),
      ...(file === undefined ? {} : { file: program, sha256: await hash(file) }),
    },
    ...(await Promise.all(
      archives.map(async (archive) => {
        const path = `${IMAGES_HOME}/${archive}`;
        const found = await regularFile(root, path);
        return {
          name: archive,
          description: `archive of container images for ${name}; its content is not examined`,
          file: path,
          ...(found === undefined ? {} : { sha256: await hash(found) }),
        };
      }),
    )),
  ];
}

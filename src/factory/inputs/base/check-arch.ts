import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHES, type Arch, machineArch } from '../../../common/contract/architectures.ts';
import { rootArch } from '../../../common/contract/root-arch.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { BaseReference } from '../../config/base-reference.ts';

const INDEX = /\.(index|list)\.v\d\+json$|manifest\.list/;
const DEPTH = 4;

interface Descriptor {
  readonly digest?: string;
  readonly mediaType?: string;
  readonly platform?: { readonly architecture?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Checks the architecture that an image declares, before it is imported into the engine.
 * @throws FactoryError `usage` when it is another one; the message has both
 */
export async function checkDeclaredArch(reference: BaseReference, name: string, arch: Arch): Promise<void> {
  if (reference.kind !== 'oci') return;
  const declared = await layoutArches(reference.path, reference.tag);
  if (declared.length > 0 && !declared.includes(arch)) throw otherArch(name, declared, arch);
}

/**
 * Returns the architecture to select from a ready image: that of this machine if the image has it or declares none,
 * otherwise the first that it declares.
 */
export async function readyArch(reference: BaseReference): Promise<string> {
  const declared = reference.kind === 'oci' ? await layoutArches(reference.path, reference.tag) : [];
  return declared.includes(machineArch()) ? machineArch() : (declared[0] ?? machineArch());
}

/**
 * Returns the architecture to request from an engine, for a file with images for several. A single image is loaded without
 * a request: engines would not find it under another architecture, and the one that it declares may be wrong.
 */
export async function archToChoose(reference: BaseReference, arch: string): Promise<string | undefined> {
  const declared = reference.kind === 'oci' ? await layoutArches(reference.path, reference.tag) : [];
  return declared.length > 1 ? arch : undefined;
}

/**
 * Checks the architecture of the programs in a root, whatever the image declares.
 * @param root path of the tree on the host
 * @throws FactoryError `usage` when it is another one; the message has both
 */
export async function checkRootArch(root: string, name: string, arch: Arch): Promise<void> {
  const found = await rootArch(root);
  if (found !== undefined && found !== arch) throw otherArch(name, [found], arch);
}

function otherArch(name: string, found: readonly string[], arch: Arch): FactoryError {
  const known = ARCHES.find((candidate) => found.includes(candidate));
  return new FactoryError(
    'IMAGE_ARCH_MISMATCH',
    `the base ${name} is for ${found.join(' and ')}, not for ${arch}`,
    {
      remedy: `${known === undefined ? 'Use' : `Add --arch ${known}, or use`} a base (or a tag of it) for ${arch}.`,
    },
  );
}

/**
 * Returns the architectures that an OCI image layout declares (image-spec, "Image Index Specification" and "Image
 * Configuration"); none when it cannot be read, because the engine will report the problem.
 */
async function layoutArches(directory: string, tag: string | undefined): Promise<string[]> {
  const json = async (file: string): Promise<Record<string, unknown>> => {
    const value: unknown = JSON.parse(await readFile(join(directory, file), 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  };
  const blob = (digest: string) =>
    /^[a-z0-9]+:[a-f0-9]{32,}$/.test(digest) ? json(join('blobs', digest.replace(':', '/'))) : undefined;
  const walk = async (descriptors: readonly Descriptor[], depth: number): Promise<string[]> => {
    const found: string[] = [];
    for (const { digest = '', mediaType = '', platform } of depth > 0 ? descriptors : []) {
      const value = (await blob(digest)) ?? {};
      if (INDEX.test(mediaType)) found.push(...(await walk(list(value['manifests']), depth - 1)));
      else if (platform?.architecture !== undefined) found.push(platform.architecture);
      else {
        const config = await blob(String((value['config'] as Descriptor | undefined)?.digest));
        found.push(String(config?.['architecture'] ?? ''));
      }
    }
    return found;
  };
  try {
    const all = list((await json('index.json'))['manifests']);
    const named = all.filter(
      ({ annotations }) => tag === undefined || annotations?.['org.opencontainers.image.ref.name'] === tag,
    );
    // Build attestations are entries for the platform "unknown".
    const arches = (await walk(named, DEPTH)).filter((arch) => arch !== '' && arch !== 'unknown');
    return [...new Set(arches)];
  } catch {
    return [];
  }
}

function list(value: unknown): readonly Descriptor[] {
  return Array.isArray(value) ? (value as Descriptor[]) : [];
}

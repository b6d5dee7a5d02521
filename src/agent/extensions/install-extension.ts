import { basename } from 'node:path';
import { type ExtensionKind, SCOPES } from '../../common/contract/extension-kinds.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { unpackImage } from '../../common/oci/layers/unpack-image.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { downloadsPlugin } from '../stages/plugins/downloads.ts';

const RAW = /^[\w][\w.+~:-]*\.raw$/;

/**
 * Adds an extension to the store: an image from `file:` or HTTP(S), or the `.raw` files of an OCI image, or else the tree of
 * that image (docs/contract.md 2.7, 5.1).
 *
 * @returns the names in the store
 * @throws FactoryError `usage` when the URI does not name an extension, `step` when it cannot be fetched
 */
export async function installExtension(host: Host, kind: ExtensionKind, uri: string): Promise<string[]> {
  const oci = /^(?:oci|docker):(?:\/\/)?(.+)$/.exec(uri)?.[1];
  if (oci !== undefined) return fromImage(host, kind, oci);
  const url = uri.replace(/^file:(?!\/\/)/, 'file://');
  const path = URL.canParse(url) ? new URL(url).pathname : uri;
  const name = decodeURIComponent(basename(path));
  checkName(name, uri);
  await host.makeDirectory(kind.store);
  const expand = async (text: string) => text;
  await downloadsPlugin.run({ host, expand, step: {} }, [{ path: `${kind.store}/${name}`, url }]);
  return [name];
}

function checkName(name: string, uri: string): void {
  if (RAW.test(name) && !SCOPES.some((scope) => scope === name)) return;
  throw new FactoryError('EXTENSION_NOT_FOUND', `${uri} does not name an extension image`, {
    remedy: 'Give a file: or http(s):// URL of a file NAME.raw, or oci:IMAGE.',
  });
}

async function fromImage(host: Host, kind: ExtensionKind, image: string): Promise<string[]> {
  await host.makeDirectory(kind.store);
  // Inside the store, so that its contents can be renamed into place.
  const directory = `${kind.store}/.incoming`;
  await host.remove(directory);
  try {
    await host.makeDirectory(directory);
    await unpackImage(host, image, { target: directory });
    const images = (await host.list(directory)).filter((name) => RAW.test(name));
    if (images.length === 0) return [await keepTree(host, kind, { directory, image })];
    for (const name of images) await replace(host, `${directory}/${name}`, `${kind.store}/${name}`);
    return images;
  } finally {
    await host.remove(directory);
  }
}

/** Moves a tree into the store; its release file gives the name (systemd-sysext(8)). */
async function keepTree(
  host: Host,
  kind: ExtensionKind,
  { directory, image }: { readonly directory: string; readonly image: string },
): Promise<string> {
  const files = await host.list(`${directory}/${kind.release}`);
  const name = files
    .find((file) => file.startsWith('extension-release.'))
    ?.slice('extension-release.'.length);
  if (name === undefined || !/^\w[\w.+~-]*$/.test(name) || SCOPES.some((scope) => scope === name)) {
    throw new FactoryError(
      'EXTENSION_NOT_FOUND',
      `${parseImageReference(image).repository} does not contain a ${kind.name}`,
      {
        remedy: `Add a .raw image in its root directory, or a file ${kind.release}/extension-release.NAME.`,
      },
    );
  }
  await replace(host, directory, `${kind.store}/${name}`);
  return name;
}

async function replace(host: Host, from: string, to: string): Promise<void> {
  await host.remove(to);
  await host.rename(from, to);
}

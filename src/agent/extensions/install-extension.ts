import { basename } from 'node:path';
import { type ExtensionKind, SCOPES } from '../../common/contract/extension-kinds.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { unpackImage } from '../../common/oci/layers/unpack-image.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { downloadsPlugin } from '../stages/plugins/downloads.ts';

const RAW = /^[\w][\w.+~:-]*\.raw$/;

/**
 * Brings an extension into the store: an image from `file:` or HTTP(S), or from an OCI image its `.raw` files, or else
 * its tree (docs/contract.md 2.7, 5.1).
 *
 * @returns names in the store
 * @throws FactoryError `usage` when the URI names no extension, `step` when it cannot be had
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
    remedy: 'Give file:, http:// or https:// with a file NAME.raw, or oci: with an image.',
  });
}

async function fromImage(host: Host, kind: ExtensionKind, image: string): Promise<string[]> {
  await host.makeDirectory(kind.store);
  // In the store, so that what is in it moves into place by a rename.
  const directory = `${kind.store}/.incoming`;
  await host.remove(directory);
  try {
    await host.makeDirectory(directory);
    await unpackImage(host, image, directory, {});
    const images = (await host.list(directory)).filter((name) => RAW.test(name));
    if (images.length === 0) return [await keepTree(host, kind, directory, image)];
    for (const name of images) await replace(host, `${directory}/${name}`, `${kind.store}/${name}`);
    return images;
  } finally {
    await host.remove(directory);
  }
}

/** A tree is called as its release file says (systemd-sysext(8)). */
async function keepTree(host: Host, kind: ExtensionKind, directory: string, image: string): Promise<string> {
  const files = await host.list(`${directory}/${kind.release}`);
  const name = files
    .find((file) => file.startsWith('extension-release.'))
    ?.slice('extension-release.'.length);
  if (name === undefined || !/^\w[\w.+~-]*$/.test(name) || SCOPES.some((scope) => scope === name)) {
    throw new FactoryError(
      'EXTENSION_NOT_FOUND',
      `${parseImageReference(image).repository} has no ${kind.name}`,
      {
        remedy: `Put a .raw image at its top, or a file ${kind.release}/extension-release.NAME.`,
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

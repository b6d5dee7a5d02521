import { basename } from 'node:path';
import { type ExtensionKind, SCOPES } from '../../common/contract/extension-kinds.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { expectDigest, hashFile } from '../../common/files/digest.ts';
import type { Host } from '../../common/host/host.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { downloadsPlugin } from '../stages/plugins/downloads.ts';
import { admitUrl } from '../trust/admit-url.ts';
import { unpackAdmitted } from '../trust/unpack-admitted.ts';

const RAW = /^[\w][\w.+~:-]*\.raw$/;

/** The extension to add to a store. */
export interface ExtensionRequest {
  readonly kind: ExtensionKind;
  readonly uri: string;
  /** Skip the trust policy, with a warning in the log. */
  readonly skipVerify?: boolean | undefined;
}

/**
 * Adds an extension to the store: an image from `file:` or HTTP(S), or the `.raw` files of an OCI image, or else the tree of
 * that image (docs/contract.md 2.7, 5.1). The node's trust policy is asked before anything is fetched.
 *
 * @returns the names in the store
 * @throws FactoryError `usage` when the URI does not name an extension, `step` when it cannot be fetched, `verification`
 * when the trust policy refuses it
 */
export async function installExtension(host: Host, request: ExtensionRequest): Promise<string[]> {
  const { kind, uri } = request;
  const oci = /^(?:oci|docker):(?:\/\/)?(.+)$/.exec(uri)?.[1];
  if (oci !== undefined) return fromImage(host, request, oci);
  const { url, digest } = await admitUrl(host, uri.replace(/^file:(?!\/\/)/, 'file://'));
  const path = URL.canParse(url) ? new URL(url).pathname : uri;
  const name = decodeURIComponent(basename(path));
  checkName(name, uri);
  const incoming = `${kind.store}/.incoming`;
  await host.makeDirectory(kind.store);
  await host.remove(incoming);
  try {
    const expand = async (text: string) => text;
    await downloadsPlugin.run({ host, expand, step: {} }, [{ path: incoming, url }]);
    if (digest !== undefined) expectDigest(name, digest, `sha256:${await hashFile(host.resolve(incoming))}`);
    await host.rename(incoming, `${kind.store}/${name}`);
  } finally {
    await host.remove(incoming);
  }
  return [name];
}

function checkName(name: string, uri: string): void {
  if (RAW.test(name) && !SCOPES.some((scope) => scope === name)) return;
  throw new FactoryError('EXTENSION_NOT_FOUND', `${uri} does not name an extension image`, {
    remedy: 'Give a file: or http(s):// URL of a file NAME.raw, or oci:IMAGE.',
  });
}

async function fromImage(
  host: Host,
  { kind, skipVerify }: ExtensionRequest,
  image: string,
): Promise<string[]> {
  await host.makeDirectory(kind.store);
  // Inside the store, so that its contents can be renamed into place.
  const directory = `${kind.store}/.incoming`;
  // The second is an extension that was being replaced when the power was cut.
  for (const left of [directory, `${directory}.old`]) await host.remove(left);
  try {
    await host.makeDirectory(directory);
    await unpackAdmitted(host, image, { target: directory, skipVerify });
    const images = (await host.list(directory)).filter((name) => RAW.test(name));
    if (images.length === 0) return [await keepTree(host, kind, { directory, image })];
    for (const name of images) await host.rename(`${directory}/${name}`, `${kind.store}/${name}`);
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
  await host.rename(directory, `${kind.store}/${name}`);
  return name;
}

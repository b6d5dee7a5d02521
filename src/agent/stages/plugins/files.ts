import { gunzipSync } from 'node:zlib';
import type { StageStep } from '../../../common/cloud-config/step-schema.ts';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { applyOwnership, ownershipOf } from '../../accounts/ownership.ts';
import { behindLinks } from '../behind-links.ts';
import { forEachEntry } from '../each-entry.ts';
import type { Plugin, PluginContext } from '../plugin.ts';

type FileEntry = NonNullable<StageStep['files']>[number];

/**
 * `files`: decodes the content, and expands it as a template (docs/contract.md 4.8) unless it is binary. An existing file is
 * replaced atomically; a link stays, and the file that it names is replaced. A file whose owner does not exist belongs to root.
 *
 * @throws FactoryError `usage` for an unknown encoding, content that does not decode, or an unknown owner
 */
export const filesPlugin: Plugin<'files'> = {
  key: 'files',
  run: (context, files) => forEachEntry(files, (file) => writeFile(context, file)),
};

async function writeFile({ host, expand }: PluginContext, file: FileEntry): Promise<void> {
  const { path, content = '', encoding = '', append = false, ...owned } = file;
  const ownership = await ownershipOf(host, owned);
  const bytes = decodeContent(path, content, encoding);
  const text = textOf(bytes);
  const written = text === undefined ? bytes : await expand(text);
  if (!append) {
    const { ids, mode = 0o644 } = ownership;
    await host.write(await behindLinks(host, path), written, { mode, ...ids });
  } else {
    if (typeof written !== 'string') {
      throw new FactoryError('CLOUD_CONFIG_INVALID', `The content to append to ${path} is not text`, {
        remedy: 'Remove "append" to replace the whole file.',
      });
    }
    await host.append(path, written);
    await applyOwnership(host, await behindLinks(host, path), ownership);
  }
  if (ownership.problem) throw ownership.problem;
}

const BASE64 = ['b64', 'base64'];
const GZIP = ['gz', 'gzip'];
const PLAIN = ['', 'text/plain'];

/**
 * Decodes content to bytes. The order of combined encodings is irrelevant: YAML cannot contain gzip data, so base64 is always
 * the outer encoding.
 */
function decodeContent(path: string, content: string, encoding: string): Uint8Array {
  const names = encoding.toLowerCase().split('+');
  const unknown = names.find((name) => ![...BASE64, ...GZIP, ...PLAIN].includes(name));
  if (unknown !== undefined) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${path} has the unknown encoding ${encoding}`, {
      remedy: 'Use b64, gz or gz+b64.',
    });
  }
  const compressed = names.some((name) => GZIP.includes(name));
  const outer = names.some((name) => BASE64.includes(name))
    ? decodeBase64(path, content)
    : Buffer.from(content, compressed ? 'latin1' : 'utf8');
  if (!compressed) return outer;
  try {
    return gunzipSync(outer);
  } catch (error) {
    throw new FactoryError(
      'CLOUD_CONFIG_INVALID',
      `The content of ${path} is not gzip: ${messageOf(error)}`,
      {
        remedy: 'Encode it with gzip -c FILE | base64, and set encoding: gz+b64.',
        cause: error,
      },
    );
  }
}

function decodeBase64(path: string, content: string): Uint8Array {
  const packed = content.replaceAll(/\s/g, '');
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return Buffer.from(packed, 'base64');
  throw new FactoryError('CLOUD_CONFIG_INVALID', `The content of ${path} is not base64`, {
    remedy: 'Encode it with base64 FILE, or remove the encoding.',
  });
}

/** Decodes UTF-8 text; `undefined` for other bytes, which cannot be a template. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

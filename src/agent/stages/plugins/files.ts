import { gunzipSync } from 'node:zlib';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { applyOwner, modeOf, ownerIds } from '../../accounts/ownership.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `files`: decodes the content, and expands it as a template (docs/contract.md 4.8) unless it is binary. An existing file or
 * link is replaced atomically.
 *
 * @throws FactoryError `usage` for an unknown encoding, content that does not decode, or an unknown owner
 */
export const filesPlugin: Plugin<'files'> = {
  key: 'files',
  run: async ({ host, expand }, files) => {
    for (const { path, content = '', encoding = '', append = false, ...owned } of files) {
      const owner = await ownerIds(host, owned);
      const mode = modeOf(owned.permissions);
      const bytes = decodeContent(path, content, encoding);
      const text = textOf(bytes);
      const written = text === undefined ? bytes : await expand(text);
      if (!append) {
        await host.write(path, written, { mode: mode ?? 0o644, ...owner });
        continue;
      }
      if (typeof written !== 'string') {
        throw new FactoryError('CLOUD_CONFIG_INVALID', `The content to append to ${path} is not text`, {
          remedy: 'Remove "append" to replace the whole file.',
        });
      }
      await host.append(path, written);
      if (mode !== undefined) await host.chmod(path, mode);
      await applyOwner(host, path, owner);
    }
  },
};

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

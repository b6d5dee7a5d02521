import { gunzipSync } from 'node:zlib';
import { looksLikeCloudConfig } from '../../common/cloud-config/parse.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { mimeParts } from './mime.ts';

/** A part of user data that the agent can use. */
export interface UserDataPart {
  readonly kind: 'config' | 'script';
  readonly text: string;
}

/** The parts of user data. */
export interface UserData {
  readonly parts: readonly UserDataPart[];
  /** Reasons why parts were skipped. */
  readonly notes: readonly string[];
}

/** Maximum size of decompressed user data, in bytes. */
const LIMIT = 16 * 1024 * 1024;
/** Maximum nesting of encodings. */
const DEPTH = 4;
const CONFIG = 'text/cloud-config';
const SCRIPT = 'text/x-shellscript';

/**
 * Finds configurations and scripts in user data: plain, gzip, base64 or MIME multipart, nested in any order
 * (docs/contract.md 4.1).
 *
 * @throws FactoryError `step` when compressed data is broken
 */
export function readUserData(bytes: Uint8Array): UserData {
  const parts: UserDataPart[] = [];
  const notes: string[] = [];
  collect({ content: bytes }, DEPTH, { parts, notes });
  return { parts, notes };
}

interface Sink {
  readonly parts: UserDataPart[];
  readonly notes: string[];
}

/** Content with the MIME type that its container gives. */
interface Typed {
  readonly content: Uint8Array;
  readonly type?: string | undefined;
}

function collect({ content, type }: Typed, depth: number, sink: Sink): void {
  if (depth === 0) {
    sink.notes.push(`user data is nested more than ${DEPTH} levels deep`);
    return;
  }
  if (isGzip(content)) {
    collect({ content: unpack(content), type }, depth - 1, sink);
    return;
  }
  const text = Buffer.from(content)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  const inner = base64Content(text);
  if (inner !== undefined) {
    collect({ content: inner, type }, depth - 1, sink);
    return;
  }
  const parts = mimeParts(text);
  if (parts !== undefined) {
    for (const part of parts) collect(part, depth - 1, sink);
    return;
  }
  classify(text, type, sink);
}

function classify(text: string, type: string | undefined, { parts, notes }: Sink): void {
  if (text.trim() === '') return;
  if (text.startsWith('#!')) parts.push({ kind: 'script', text });
  else if (looksLikeCloudConfig(text)) parts.push({ kind: 'config', text });
  else if (type === CONFIG || (type === undefined && looksLikeMap(text))) {
    parts.push({ kind: 'config', text: `#cloud-config\n${text}` });
  } else if (type === SCRIPT) parts.push({ kind: 'script', text: `#!/bin/sh\n${text}` });
  else notes.push(`skipping user data of unknown type ${type ?? JSON.stringify(text.slice(0, 20))}`);
}

/** Whether the text is a cloud-config without its header, as some services deliver it. */
function looksLikeMap(text: string): boolean {
  return (
    /^[\w.-]+:(\s|$)/m.test(text) && !/^(<|#(include|cloud-boothook|part-handler|upstart-job))/.test(text)
  );
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function unpack(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: LIMIT });
  } catch (error) {
    throw new FactoryError(
      'ARCHIVE_CORRUPT',
      `compressed user data cannot be decompressed: ${messageOf(error)}`,
      {
        remedy: 'Compress the user data again with gzip.',
        cause: error,
      },
    );
  }
}

/** Decodes base64 text if the result is of a known type, because a plain word may be valid base64 by chance. */
function base64Content(text: string): Uint8Array | undefined {
  const packed = text.replaceAll(/\s/g, '');
  if (packed === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return undefined;
  const bytes = Buffer.from(packed, 'base64');
  const start = bytes.subarray(0, 64).toString('latin1');
  return isGzip(bytes) || /^(#|Content-Type:|MIME-Version:|[\w.-]+:\s)/i.test(start) ? bytes : undefined;
}

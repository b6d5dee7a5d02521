import type { IncomingHttpHeaders } from 'node:http';
import { type ByteRange, byteRange } from './byte-range.ts';
import type { PublishedFile } from './published-file.ts';

/** The answer to a request: what to send, and of which file. */
export interface Answer {
  readonly status: 200 | 206 | 404 | 405 | 416;
  readonly headers: Readonly<Record<string, string>>;
  /** The file and its bytes; absent when there is nothing to send. */
  readonly content?: ByteRange & { readonly file: PublishedFile };
}

/**
 * Answers a request. Only names of published files exist: a path is never joined to a directory.
 * @param request of any HTTP client; nothing in it is trusted
 */
export function answerRequest(
  {
    method,
    url,
    headers,
  }: {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
    readonly headers: IncomingHttpHeaders;
  },
  files: ReadonlyMap<string, PublishedFile>,
): Answer {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' } };
  const file = files.get(requestedName(url));
  if (file === undefined) return { status: 404, headers: {} };
  const { size, etag } = file;
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = method === 'GET' && isSame ? byteRange(headers.range, size) : undefined;
  if (range === 'unsatisfiable') return { status: 416, headers: { 'content-range': `bytes */${size}` } };
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const common = {
    // Firmware takes no other type for a program (UEFI specification 24.7.3.1).
    'content-type': file.name.endsWith('.efi') ? 'application/efi' : 'application/octet-stream',
    'content-length': String(end + 1 - start),
    'accept-ranges': 'bytes',
    etag,
  };
  const part = range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` };
  return {
    status: range === undefined ? 200 : 206,
    headers: { ...common, ...part },
    ...(method === 'GET' ? { content: { file, start, end } } : {}),
  };
}

/** The name in a URL; `''` when it cannot be read. */
export function requestedName(url = ''): string {
  try {
    return decodeURIComponent(url.replace(/^https?:\/\/[^/]*/, '').split('?')[0] ?? '').replace(/^\/+/, '');
  } catch {
    return '';
  }
}

import type { FullResponse, Transport } from './transport.ts';

/** Maximum number of pages of tags or referrers, as a registry may return the same link forever. */
const PAGES = 1000;

interface PageOptions {
  /** Maximum size of a page, in bytes. */
  readonly limit: number;
  /** Value of the `Accept` header. */
  readonly accept?: string;
}

/** Follows `Link: <…>; rel="next"` (distribution-spec, "Listing Tags"). Returns no pages when the first does not exist. */
export async function readPages(
  transport: Transport,
  first: string,
  { limit, accept = 'application/json' }: PageOptions,
): Promise<unknown[]> {
  const pages: unknown[] = [];
  let next: string | undefined = first;
  for (let count = 0; next !== undefined && count < PAGES; count++) {
    const response: FullResponse | undefined = await transport.bytes(next, limit, { accept });
    const page = response && jsonOf(response.bytes);
    if (response === undefined || page === undefined) break;
    pages.push(page);
    next = nextPage(response.headers.get('link'), next);
  }
  return pages;
}

/** The path of the next page; the host of the link is ignored. */
function nextPage(link: string | null, current: string): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '')?.[1];
  const base = `http://registry${current}`;
  if (target === undefined || !URL.canParse(target, base)) return undefined;
  const { pathname, search } = new URL(target, base);
  return `${pathname}${search}`;
}

function jsonOf(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Some registries return a web page for unknown paths.
    return undefined;
  }
}

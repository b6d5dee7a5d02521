import type { ByteView } from './byte-view.ts';
import { requireInside } from './byte-view.ts';

/** Bytes of a page, and how many are kept: 32 MiB. */
const PAGE = 64 * 1024;
const PAGES = 512;

/** Keeps the pages of a view that were read last, because filesystems are read in many small pieces. */
export function cachedView(view: ByteView): ByteView {
  const pages = new Map<number, Promise<Buffer>>();
  const page = (index: number): Promise<Buffer> => {
    const known = pages.get(index);
    if (known !== undefined) {
      // The page that was used last is the last one to go.
      pages.delete(index);
      pages.set(index, known);
      return known;
    }
    const start = index * PAGE;
    const fresh = view.read(start, Math.min(PAGE, view.size - start));
    pages.set(index, fresh);
    const [oldest] = pages.keys();
    if (pages.size > PAGES && oldest !== undefined) pages.delete(oldest);
    return fresh;
  };
  return {
    name: view.name,
    size: view.size,
    read: async (start, length) => {
      requireInside(view, start, length);
      // Content that is larger than a few pages is read once, and would drive all others out.
      if (length > 4 * PAGE) return view.read(start, length);
      const parts: Buffer[] = [];
      for (let at = start; at < start + length; ) {
        const bytes = await page(Math.floor(at / PAGE));
        const offset = at % PAGE;
        const part = bytes.subarray(offset, offset + start + length - at);
        parts.push(part);
        at += part.length;
      }
      return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    },
  };
}

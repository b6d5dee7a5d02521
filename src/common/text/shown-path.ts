import { relative } from 'node:path';

/** A path for people: relative to the working directory if it is in there, and absolute elsewhere, never with `..`. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path) || '.';
  return near === '..' || near.startsWith('../') ? path : near;
}

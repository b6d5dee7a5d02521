import { renderContainerfile } from './containerfile.ts';
import type { ContextOptions } from './context-options.ts';
import type { ContextEntry } from './context-tar.ts';
import { text } from './entry.ts';
import { ownEntries } from './own-entries.ts';

/** Every file of the build context, parents before children. */
export function contextEntries(options: ContextOptions): ContextEntry[] {
  return [text('Containerfile', renderContainerfile(options)), ...ownEntries(options)];
}

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a run makes in a daemon and has to remove again. */
export type Made = { readonly kind: 'container' | 'image'; readonly name: string };

/** A record of what is in a daemon because of us, kept on disk so that a later run knows what a killed one left. */
export interface Journal {
  add(made: Made): Promise<void>;
  remove(made: Made): Promise<void>;
  list(): Promise<Made[]>;
}

/** One empty file for each: they are made and removed without a lock. */
export function createJournal(directory: string): Journal {
  const place = ({ kind, name }: Made) => join(directory, `${kind} ${encodeURIComponent(name)}`);
  return {
    add: async (made) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(place(made), '');
    },
    remove: (made) => rm(place(made), { force: true }),
    list: async () => {
      const names = await readdir(directory).catch(() => []);
      return names.map((text): Made => {
        const [kind, name = ''] = text.split(' ');
        return { kind: kind === 'container' ? kind : 'image', name: decodeURIComponent(name) };
      });
    },
  };
}

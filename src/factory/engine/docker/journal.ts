import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An object that a run creates in a daemon and must remove. */
export type DaemonObject = { readonly kind: 'container' | 'image'; readonly name: string };

/** A record on disk of the objects we created in a daemon, from which a later run removes those of a killed run. */
export interface Journal {
  add(object: DaemonObject): Promise<void>;
  remove(object: DaemonObject): Promise<void>;
  list(): Promise<DaemonObject[]>;
}

/** Opens a journal in a directory. Each object is an empty file, so that no lock is needed. */
export function createJournal(directory: string): Journal {
  const place = ({ kind, name }: DaemonObject) => join(directory, `${kind} ${encodeURIComponent(name)}`);
  return {
    add: async (object) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(place(object), '');
    },
    remove: (object) => rm(place(object), { force: true }),
    list: async () => {
      const names = await readdir(directory).catch(() => []);
      return names.map((text): DaemonObject => {
        const [kind, name = ''] = text.split(' ');
        return { kind: kind === 'container' ? kind : 'image', name: decodeURIComponent(name) };
      });
    },
  };
}

import type { FileHandle } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Change } from './model-disk.ts';

type Files = typeof import('node:fs/promises');

/** The functions of `node:fs/promises`, which do their work and record what they changed. */
export function recordedFiles(files: Files, record: (change: Change) => void): Files {
  const current = async (path: string) =>
    record({ kind: 'content', path, content: await files.readFile(path, 'latin1') });
  const wrapped: Partial<Record<keyof Files, unknown>> = {
    writeFile: async (...args: Parameters<Files['writeFile']>) => {
      await files.writeFile(...args);
      await current(String(args[0]));
    },
    copyFile: async (...args: Parameters<Files['copyFile']>) => {
      await files.copyFile(...args);
      await current(String(args[1]));
    },
    mkdir: async (path: string, options: Parameters<Files['mkdir']>[1]) => {
      const first = await files.mkdir(path, options);
      const made = typeof options === 'object' && options?.recursive ? first : path;
      if (made === undefined) return undefined;
      let directory = made;
      record({ kind: 'directory', path: directory });
      for (const name of relative(made, path).split('/').filter(Boolean)) {
        directory = join(directory, name);
        record({ kind: 'directory', path: directory });
      }
      return first;
    },
    rename: async (from: string, path: string) => {
      await files.rename(from, path);
      record({ kind: 'rename', from, path });
    },
    link: async (from: string, path: string) => {
      await files.link(from, path);
      record({ kind: 'hard link', from, path });
    },
    symlink: async (target: string, path: string) => {
      await files.symlink(target, path);
      record({ kind: 'link', path });
    },
    // A tree goes file by file.
    rm: async (path: string, options: Parameters<Files['rm']>[1]) => {
      const below = await files.readdir(path, { recursive: true }).catch(() => []);
      await files.rm(path, options);
      for (const name of below.sort().reverse()) record({ kind: 'remove', path: join(path, name) });
      record({ kind: 'remove', path });
    },
    open: async (path: string, ...rest: unknown[]) => {
      const handle: FileHandle = await Reflect.apply(files.open, undefined, [path, ...rest]);
      return new Proxy(handle, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          return async (...args: unknown[]) => {
            const result: unknown = await Reflect.apply(value, target, args);
            if (name === 'sync') record({ kind: 'sync', path });
            if (name === 'writeFile' || name === 'write') await current(path);
            return result;
          };
        },
      });
    },
  };
  return { ...files, ...wrapped } as Files;
}

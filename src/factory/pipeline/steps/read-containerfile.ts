import { readFileSync, statSync } from 'node:fs';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import type { UserContainerfile } from '../../config/schema.ts';
import { requireBuildable } from '../../image/context/containerfile-problems.ts';
import type { ContextEntry } from '../../image/context/context-tar.ts';
import { type CheckedContainerfile, checkContainerfile } from '../../image/context/user-containerfile.ts';
import { userContextEntries } from '../../image/context/user-context.ts';

/** Reads and checks the user's Containerfile. @throws FactoryError `usage` when it cannot be read or is not supported */
export function readContainerfile(user: UserContainerfile): CheckedContainerfile {
  const text = readText(user.file);
  const checked = checkContainerfile(user.file, text);
  requireBuildable(user, text);
  return checked;
}

/** Everything in the user's Containerfile and its context that affects the result. */
export function containerfileInputs(user: UserContainerfile): unknown {
  const entries = userContextEntries(user).map((entry) => {
    if (entry.type !== 'file') return entry;
    const { source, ...rest } = entry;
    return { ...rest, time: String(statSync(source, { bigint: true }).mtimeNs) };
  });
  return [readText(user.file), entries];
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new FactoryError('FILE_NOT_FOUND', `the Containerfile ${file} cannot be read: ${reasonOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  }
}

/** The build context that applies the user's Containerfile to the image `base`. */
export function userContext(user: UserContainerfile, base: string): ContextEntry[] {
  const { directives, globals, render } = readContainerfile(user);
  const text = [...directives, ...globals, ...render(base)].join('\n');
  return [{ type: 'text', path: 'Containerfile', text, mode: 0o644 }, ...userContextEntries(user)];
}

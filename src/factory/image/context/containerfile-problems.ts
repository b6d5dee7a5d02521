import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';
import { type Instruction, parseContainerfile } from './parse-containerfile.ts';

/** Every instruction (Dockerfile reference, "Overview"). */
const INSTRUCTIONS = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
];

/** A Containerfile of a person. */
interface OwnContainerfile {
  readonly file: string;
  /** The directory that its `COPY` reads from. */
  readonly context: string;
}

/**
 * Checks a Containerfile for what a builder would stop at, so that the message names the line.
 * @throws FactoryError `usage` with the first problem, and one detail line per further problem
 */
export function requireBuildable({ file, context }: OwnContainerfile, text: string): void {
  const [first, ...others] = parseContainerfile(text).instructions.flatMap((instruction) =>
    problemsOf(instruction, context).map((problem) => `${file}:${instruction.first + 1}: ${problem}`),
  );
  if (first === undefined) return;
  throw new FactoryError('CONTAINERFILE_INVALID', first, {
    details: others,
    remedy: 'Correct the instruction; sources of COPY and ADD are relative to --containerfile-context.',
  });
}

function problemsOf({ name, rest }: Instruction, context: string): string[] {
  if (!INSTRUCTIONS.includes(name)) return [`unknown instruction "${name}"${didYouMean(name, INSTRUCTIONS)}`];
  if (rest === '') return [`${name} has no arguments`];
  if (name !== 'COPY' && name !== 'ADD') return [];
  const words = argumentsOf(rest);
  if (words === undefined) return [];
  if (words.length < 2) return [`${name} needs a source and a destination`];
  return words
    .slice(0, -1)
    .filter((source) => isPlainPath(source) && !existsSync(join(context, source)))
    .map((source) => `${name}: "${source}" does not exist in ${context}`);
}

/** The sources and the destination; `undefined` where they come from a stage or from a here-document. */
function argumentsOf(rest: string): string[] | undefined {
  const words = rest.split(/\s+/);
  const flags = words.findIndex((word) => !word.startsWith('--'));
  if (words.slice(0, Math.max(flags, 0)).some((word) => word.startsWith('--from=')) || rest.includes('<<'))
    return undefined;
  const plain = flags < 0 ? [] : words.slice(flags);
  const list = plain.join(' ');
  if (!list.startsWith('[')) return plain;
  try {
    const parsed: unknown = JSON.parse(list);
    return Array.isArray(parsed) ? parsed.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a source is a path that is known before the build: no URL, pattern or variable. */
function isPlainPath(source: string): boolean {
  return !/[$*?[\\"']|^[a-z]+:\/\/|^git@/.test(source);
}

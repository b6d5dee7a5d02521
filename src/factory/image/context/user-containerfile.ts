import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { UserContainerfile } from '../../config/schema.ts';
import { type ContextEntry, directoryEntries } from './context-tar.ts';
import { type Ignores, parseIgnoreFile } from './ignore-file.ts';
import { type Containerfile, type Instruction, parseContainerfile } from './parse-containerfile.ts';

/** The variable that stands for the image to start from, by the custom of the field. */
const BASE = /^(\$BASE_IMAGE|\$\{BASE_IMAGE(:-[^}]*)?\})$/;

/** A `COPY` from a stage by its number. */
const NUMBERED = /^(?:--\S+\s+)*?--from=\d+(\s|$)/;

interface Stage {
  readonly instruction: Instruction;
  readonly flags: string;
  readonly image: string;
  readonly name: string | undefined;
}

/** A person's Containerfile, ready to be put into one of ours. */
export interface CheckedContainerfile {
  /** Parser directives, which must stand at the head of the whole. */
  readonly directives: readonly string[];
  /** The lines before its first `FROM`: arguments that hold for all stages, which must stand before any of them. */
  readonly globals: readonly string[];
  /**
   * Its other lines, with the base put in.
   * @param base what `${BASE_IMAGE}` is to be: an image or a stage
   */
  readonly render: (base: string) => string[];
  /** Images other than the base that a builder would have to pull, by line. */
  readonly pulls: readonly { readonly line: number; readonly image: string }[];
}

/**
 * Reads a person's Containerfile. It has no `FROM`, and then all of it is applied to the base; or it has stages, and the
 * last one begins, directly or through others, with `FROM ${BASE_IMAGE}`.
 * @param name for messages
 * @throws FactoryError `usage`, with the line, when the result would not be made from the base
 */
export function checkContainerfile(name: string, text: string): CheckedContainerfile {
  const file = parseContainerfile(text);
  const fail = (line: number, problem: string, remedy: string) =>
    new FactoryError('CONTAINERFILE_INVALID', `${name}:${line + 1}: ${problem}`, { remedy });
  const stages = file.instructions.filter(({ name: kind }) => kind === 'FROM').map((from) => stageOf(from));
  const [first] = stages;
  if (first === undefined) {
    const [instruction] = file.instructions;
    if (instruction === undefined)
      throw fail(0, 'it has no instruction', 'Give a Containerfile that does something.');
    return {
      directives: file.lines.slice(0, file.directives),
      globals: [],
      render: (base) => [`FROM ${base}`, ...file.lines.slice(file.directives)],
      pulls: externalCopies(file, []),
    };
  }
  const early = file.instructions.find(
    ({ name: kind, first: line }) => kind !== 'ARG' && line < first.instruction.first,
  );
  if (early) throw fail(early.first, `${early.name} stands before the first FROM`, 'Move it below a FROM.');
  const last = stages.at(-1) ?? first;
  if (!startsFromBase(last, stages)) {
    throw fail(
      last.instruction.first,
      `its last stage starts from "${last.image}", so the base would be lost`,
      'Begin the last stage with "FROM ${BASE_IMAGE}", or leave every FROM out.',
    );
  }
  const numbered = file.instructions.find(({ name: kind, rest }) => kind === 'COPY' && NUMBERED.test(rest));
  if (numbered)
    throw fail(
      numbered.first,
      'a stage is named by its number',
      'Name it with "AS", and use the name: here, numbers shift.',
    );
  const isStage = (image: string) => stages.some((stage) => stage.name === image.toLowerCase());
  const pulls = stages
    .filter(({ image }) => !BASE.test(image) && image !== 'scratch' && !isStage(image))
    .map(({ image, instruction }) => ({ line: instruction.first + 1, image }));
  return {
    directives: file.lines.slice(0, file.directives),
    globals: file.lines.slice(file.directives, first.instruction.first),
    render: (base) => replaced(file, stages, base),
    pulls: [...pulls, ...externalCopies(file, stages)],
  };
}

function stageOf(instruction: Instruction): Stage {
  const match = /^((?:--\S+\s+)*)(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.rest);
  return {
    instruction,
    flags: match?.[1] ?? '',
    image: match?.[2] ?? instruction.rest,
    name: match?.[3]?.toLowerCase(),
  };
}

function startsFromBase(stage: Stage, stages: readonly Stage[]): boolean {
  if (BASE.test(stage.image)) return true;
  const before = stages.slice(0, stages.indexOf(stage));
  const parent = before.findLast(({ name }) => name === stage.image.toLowerCase());
  return parent !== undefined && startsFromBase(parent, before);
}

/** Images that `COPY --from` names and that are no stages. */
function externalCopies(file: Containerfile, stages: readonly Stage[]): { line: number; image: string }[] {
  return file.instructions.flatMap(({ name, rest, first }) => {
    const image = name === 'COPY' ? /^(?:--\S+\s+)*?--from=(\S+)/.exec(rest)?.[1] : undefined;
    const isStage = stages.some((stage) => stage.name === image?.toLowerCase());
    return image === undefined || isStage ? [] : [{ line: first + 1, image }];
  });
}

function replaced(file: Containerfile, stages: readonly Stage[], base: string): string[] {
  const lines: string[] = [];
  let at = stages[0]?.instruction.first ?? 0;
  for (const { instruction, flags, image, name } of stages) {
    lines.push(...file.lines.slice(at, instruction.first));
    at = instruction.last + 1;
    lines.push(`FROM ${flags}${BASE.test(image) ? base : image}${name === undefined ? '' : ` AS ${name}`}`);
  }
  return [...lines, ...file.lines.slice(at)];
}

/** Refuses what would have to be pulled, where nothing can be. @throws FactoryError `usage` */
export function refusePulls(name: string, { pulls }: CheckedContainerfile): void {
  const [pull] = pulls;
  if (pull === undefined) return;
  throw new FactoryError(
    'CONTAINERFILE_INVALID',
    `${name}:${pull.line}: image "${pull.image}" would have to be pulled, and builds pull nothing`,
    {
      remedy:
        'Lay the files that you need from it into the context and COPY them; or write the context with ' +
        '"kairos-factory context" and build it with a builder that pulls.',
    },
  );
}

/**
 * The files that a person's Containerfile may copy: its context directory, without what builds write there, without what
 * the ignore file leaves out and without the ignore file itself. As with other builders, `NAME.dockerignore` beside the Containerfile comes before
 * `.containerignore` and `.dockerignore` in the context.
 */
export function userContextEntries({ file, context, products }: UserContainerfile): ContextEntry[] {
  const candidates = [`${file}.containerignore`, `${file}.dockerignore`].concat(
    ['.containerignore', '.dockerignore'].map((name) => join(context, name)),
  );
  const ignoreFile = candidates.find((candidate) => existsSync(candidate));
  const ignores: Ignores =
    ignoreFile === undefined ? () => false : parseIgnoreFile(readFileSync(ignoreFile, 'utf8'));
  const own = new Set([...candidates, file].map((path) => relative(context, path)));
  // Names that a builder would take for the recipe, which is ours.
  const recipes = new Set(['Containerfile', 'Dockerfile']);
  const written = new Set(products.map((path) => relative(context, path)).filter((path) => path !== ''));
  return directoryEntries(context, '.', (path) => written.has(path))
    .map((entry) => ({ ...entry, path: entry.path.slice('./'.length) }))
    .filter(({ path }) => path !== '' && !own.has(path) && !recipes.has(path) && !ignores(path));
}

import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type Containerfile, type Instruction, parseContainerfile } from './parse-containerfile.ts';

/** The conventional variable for the base image. */
const BASE = /^(\$BASE_IMAGE|\$\{BASE_IMAGE(:-[^}]*)?\})$/;

/** A `COPY` that refers to a stage by number. */
const NUMBERED = /^(?:--\S+\s+)*?--from=\d+(\s|$)/;

interface Stage {
  readonly instruction: Instruction;
  readonly flags: string;
  readonly image: string;
  readonly name: string | undefined;
}

/** A user's Containerfile, ready to be merged into a generated one. */
export interface CheckedContainerfile {
  /** Parser directives, which must come first in the merged file. */
  readonly directives: readonly string[];
  /** The lines before the first `FROM`: global arguments, which must precede every stage of the merged file. */
  readonly globals: readonly string[];
  /**
   * The remaining lines, with the base filled in.
   * @param base the image or stage that replaces `${BASE_IMAGE}`
   */
  readonly render: (base: string) => string[];
  /** Images other than the base that a builder would have to pull, with their line numbers. */
  readonly pulls: readonly { readonly line: number; readonly image: string }[];
}

/**
 * Parses and checks a user's Containerfile. Either it has no `FROM`, and all of it is applied to the base; or it has
 * stages, the last of which starts, directly or through other stages, from `${BASE_IMAGE}`.
 * @param name file name, for messages
 * @throws FactoryError `usage`, with the line, when the file is empty or its result would not be built on the base
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
      throw fail(0, 'there are no instructions', 'Use a Containerfile with at least one instruction.');
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
  if (early) throw fail(early.first, `${early.name} comes before the first FROM`, 'Move it below a FROM.');
  const last = stages.at(-1) ?? first;
  if (!startsFromBase(last, stages)) {
    throw fail(
      last.instruction.first,
      `its last stage starts from "${last.image}", so the base would be lost`,
      'Start the last stage with "FROM ${BASE_IMAGE}", or omit every FROM.',
    );
  }
  const numbered = file.instructions.find(({ name: kind, rest }) => kind === 'COPY' && NUMBERED.test(rest));
  if (numbered)
    throw fail(
      numbered.first,
      'COPY --from refers to a stage by number',
      'Name the stage with "AS" and use the name: numbers change when stages are added.',
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

/** Images, as opposed to stages, that `COPY --from` refers to. */
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

/** Checks that a build without network needs no other images. @throws FactoryError `usage` with the first such image */
export function refusePulls(name: string, { pulls }: CheckedContainerfile): void {
  const [pull] = pulls;
  if (pull === undefined) return;
  throw new FactoryError(
    'CONTAINERFILE_INVALID',
    `${name}:${pull.line}: image "${pull.image}" would have to be pulled, and builds pull nothing`,
    {
      remedy:
        'Copy the files that you need from it into the context and COPY them from there; or write the context with ' +
        '"kairos-factory context" and build it with a builder that pulls.',
    },
  );
}

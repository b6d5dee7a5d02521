import { readFileSync } from 'node:fs';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { UserContainerfile } from '../../config/schema.ts';
import { parseContainerfile } from '../../image/context/parse-containerfile.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import type { StepContext } from '../step.ts';
import { userContext } from './read-containerfile.ts';
import { buildImage } from './seal-image.ts';

/** The image that a person's Containerfile makes. */
interface UserImage {
  readonly user: UserContainerfile;
  /** Name of the image that it is applied to. */
  readonly from: string;
  /** Name that the result gets in the engine. */
  readonly image: string;
  readonly arch: string;
  /** Whether another build uses the image as its base. */
  readonly isBase?: boolean;
}

/** Lines in which a builder repeats itself, or speaks of its own files. */
const NOISE = /building at STEP|while running runtime|^(?:Error: )?exit status \d+$|^level=|context-\w+/;

/**
 * Applies a person's Containerfile.
 * @throws FactoryError `step` with the file and the line of the instruction that failed
 */
export async function buildUserImage(
  env: Pick<BuildEnvironment, 'engine' | 'useCache' | 'offline'>,
  { say, glimpse }: Pick<StepContext, 'say' | 'glimpse'>,
  { user, from, ...image }: UserImage,
): Promise<void> {
  let last: string | undefined;
  const remember = (text: string) => {
    last = text;
    say(text);
  };
  const entries = userContext(user, from);
  await buildImage(env, { say: remember, glimpse }, { entries, ...image }).catch((error: unknown) => {
    throw explainInstruction(error, user, last);
  });
}

/** Turns the failure of a builder into one of an instruction. @param last the instruction that the builder said it runs */
export function explainInstruction(
  error: unknown,
  { file }: Pick<UserContainerfile, 'file'>,
  last: string | undefined,
): unknown {
  const isOwn = error instanceof FactoryError && ['TOOL_FAILED', 'DOCKER_FAILED'].includes(error.code);
  if (!isOwn) return error;
  const { instructions } = parseContainerfile(readFileSync(file, 'utf8'));
  const words = (text: string) => text.replaceAll(/[\s\\]+/g, ' ').trim();
  const found =
    last === undefined
      ? undefined
      : instructions.find(({ name, rest }) => words(`${name} ${rest}`) === words(last));
  const place = found === undefined ? file : `${file}:${found.first + 1}`;
  const said = [error.message, ...error.details].join('\n');
  const status = /(?:exit status|non-zero code:|exit code:) (\d+)/.exec(said)?.[1];
  const what = last === undefined ? 'the builder refuses it' : `${shortened(last)} failed`;
  return new FactoryError(
    'CONTAINERFILE_FAILED',
    `${place}: ${what}${status === undefined ? '' : ` with status ${status}`}`,
    {
      details: error.details.filter((line) => !NOISE.test(line)),
      remedy: 'Correct the instruction; the log has the whole output.',
      cause: error,
    },
  );
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

import { stripVTControlCharacters } from 'node:util';
import { FactoryError } from '../../../common/errors/factory-error.ts';

/** One message of a daemon's stream (Docker Engine API, "Build an image"); only what is used here. */
export interface DockerMessage {
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly aux?: { readonly ID?: string };
}

/** Characters of one message. */
const LIMIT = 4 * 1024 * 1024;
const LAST_LINES = 15;

/**
 * Decodes a stream of JSON messages, one a line; they may be cut anywhere into chunks.
 * @throws FactoryError `step` when it holds something else
 */
export async function* readMessages(input: AsyncIterable<Uint8Array>): AsyncGenerator<DockerMessage> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of input) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LIMIT) throw unreadable(rest);
    for (const line of lines) if (line.trim() !== '') yield parse(line);
  }
  rest += decoder.decode();
  if (rest.trim() !== '') yield parse(rest);
}

/** What hears of a stream of messages. */
export interface MessageListener {
  readonly onLine: (line: string) => void;
  /** An instruction of a build begins. */
  readonly onStep?: (text: string) => void;
  /** A container of a build begins to run, or is gone. */
  readonly onContainer?: (id: string, isThere: boolean) => void;
}

/**
 * Follows a stream of messages to its end.
 * @returns the identifier of the image that it told of last
 * @throws FactoryError `step` with the last lines when one of them is an error
 */
export async function followMessages(
  messages: AsyncIterable<DockerMessage>,
  { onLine, onStep, onContainer }: MessageListener,
): Promise<string | undefined> {
  const last: string[] = [];
  let image: string | undefined;
  let rest = '';
  const tell = (line: string) => {
    // The daemon paints what programs print to their standard error.
    const text = stripVTControlCharacters(line).trimEnd();
    if (text === '') return;
    onLine(text);
    const step = /^Step \d+\/\d+ : (.*)$/.exec(text)?.[1];
    if (step !== undefined) onStep?.(step);
    const container = /^(?: ---> Running in|Removing intermediate container) ([0-9a-f]{12,64})$/.exec(
      text,
    )?.[1];
    if (container !== undefined) onContainer?.(container, text.startsWith(' '));
    last.push(text);
    if (last.length > LAST_LINES) last.shift();
  };
  for await (const message of messages) {
    const lines = (rest + (message.stream ?? '')).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) tell(line);
    image = message.aux?.ID ?? image;
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) {
      tell(rest);
      throw new FactoryError('DOCKER_FAILED', `docker: ${error.trim()}`, { details: last });
    }
  }
  tell(rest);
  return image;
}

function parse(line: string): DockerMessage {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as DockerMessage;
  } catch {
    // Told below.
  }
  throw unreadable(line);
}

function unreadable(text: string): FactoryError {
  return new FactoryError('DOCKER_FAILED', 'the Docker daemon sends what is no message of it', {
    details: [text.slice(0, 200)],
    remedy: 'See whether something else answers at the address of the daemon.',
  });
}

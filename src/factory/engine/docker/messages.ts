import { stripVTControlCharacters } from 'node:util';
import { FactoryError } from '../../../common/errors/factory-error.ts';

/** One message of a daemon's stream (Docker Engine API, "Build an image"); only what is used here. */
export interface DockerMessage {
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly aux?: { readonly ID?: string };
}

/** Largest message, in characters. */
const LIMIT = 4 * 1024 * 1024;
const LAST_LINES = 15;

/**
 * Decodes a stream of JSON messages, one per line; chunks may end anywhere.
 * @throws FactoryError `step` when it contains something else
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

/** A container of a build starts to run, or has been removed. */
export interface ContainerEvent {
  readonly id: string;
  readonly running: boolean;
}

/** Callbacks for a stream of messages. */
export interface MessageListener {
  readonly onLine: (line: string) => void;
  /** Called at the start of an instruction. */
  readonly onStep?: (text: string) => void;
  readonly onContainer?: (event: ContainerEvent) => void;
}

/**
 * Reads a stream of messages to its end.
 * @returns the id of the last image that it reported
 * @throws FactoryError `step`, with the last lines, when a message is an error
 */
export async function followMessages(
  messages: AsyncIterable<DockerMessage>,
  { onLine, onStep, onContainer }: MessageListener,
): Promise<string | undefined> {
  const last: string[] = [];
  let image: string | undefined;
  let rest = '';
  const report = (line: string) => {
    // The daemon colours the standard error of programs.
    const text = stripVTControlCharacters(line).trimEnd();
    if (text === '') return;
    onLine(text);
    const step = /^Step \d+\/\d+ : (.*)$/.exec(text)?.[1];
    if (step !== undefined) onStep?.(step);
    const container = /^(?: ---> Running in|Removing intermediate container) ([0-9a-f]{12,64})$/.exec(
      text,
    )?.[1];
    if (container !== undefined) onContainer?.({ id: container, running: text.startsWith(' ') });
    last.push(text);
    if (last.length > LAST_LINES) last.shift();
  };
  for await (const message of messages) {
    const lines = (rest + (message.stream ?? '')).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) report(line);
    image = message.aux?.ID ?? image;
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) {
      report(rest);
      throw new FactoryError('DOCKER_FAILED', `docker: ${error.trim()}`, { details: last });
    }
  }
  report(rest);
  return image;
}

function parse(line: string): DockerMessage {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as DockerMessage;
  } catch {
    // Reported below.
  }
  throw unreadable(line);
}

function unreadable(text: string): FactoryError {
  return new FactoryError('DOCKER_FAILED', 'the Docker daemon sent an invalid message', {
    details: [text.slice(0, 200)],
    remedy: 'Check that the address is that of a Docker daemon.',
  });
}

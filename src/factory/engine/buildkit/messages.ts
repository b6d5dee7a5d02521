import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

/** What is used of a line of `buildctl --progress=rawjson` (moby/buildkit, `client/graph.go`). */
const Status = z.object({
  vertexes: z
    .array(
      z.object({
        digest: z.string(),
        name: z.string().default(''),
        started: z.string().nullish(),
        completed: z.string().nullish(),
        cached: z.boolean().default(false),
        error: z.string().default(''),
      }),
    )
    .nullish(),
  logs: z.array(z.object({ vertex: z.string(), stream: z.number().default(1), data: z.base64() })).nullish(),
  warnings: z.array(z.object({ short: z.base64() })).nullish(),
});
type Vertex = NonNullable<z.infer<typeof Status>['vertexes']>[number];

const LAST_LINES = 15;
/** Largest unfinished line of a program, in characters. */
const LIMIT = 64 * 1024;
/** The part of the name of a vertex that counts the instructions of a stage: `[stage-0  2/5] `. */
const INSTRUCTION = /^\[\s*(?:[^\]\s]+\s+)*\d+\/\d+\]\s+(.*)$/s;
/** Prefix of the message with which buildctl ends. */
const FAILED = /^error: (?:failed to solve: )?(.*)$/;

/** Receives what a build says. */
export interface BuildListener {
  /** Called with each readable line. */
  readonly log: (line: string) => void;
  /** Called at the start of each instruction, and again for one that failed while others ran. */
  readonly onStep: (text: string) => void;
  /** Called with each line that the programs of the build print. */
  readonly onOutput: (line: string) => void;
}

/** The messages of one build. */
export interface BuildMessages {
  /** Takes a line of buildctl. */
  readonly take: (line: string) => void;
  readonly failure: () => BuildFailure;
}

/** How a build failed. */
export interface BuildFailure {
  /** What buildctl said at its end. */
  readonly said: string | undefined;
  /** The last lines before. */
  readonly last: readonly string[];
  /** What failed: an instruction, or another part of the build, such as the export of a cache. */
  readonly part: { readonly name: string; readonly isInstruction: boolean } | undefined;
}

/** Follows the messages of a build. A line that is not a message is one of buildctl itself. */
export function followBuild({ log, onStep, onOutput }: BuildListener): BuildMessages {
  const last: string[] = [];
  const seen = new Set<string>();
  const rests = new Map<string, string>();
  let current: string | undefined;
  let said: string | undefined;
  let part: BuildFailure['part'];

  const say = (line: string) => {
    const text = stripVTControlCharacters(line).trimEnd();
    if (text === '') return;
    log(text);
    last.push(text);
    if (last.length > LAST_LINES) last.shift();
  };
  const step = (text: string) => {
    current = text;
    onStep(text);
  };
  const vertex = ({ digest, name, started, completed, cached, error }: Vertex) => {
    const instruction = INSTRUCTION.exec(name)?.[1];
    if (started && !seen.has(digest)) {
      seen.add(digest);
      say(cached ? `${name} (cached)` : name);
      if (instruction !== undefined && !cached) step(instruction);
    }
    if (!completed || error === '' || /context canceled$/.test(error)) return;
    part = { name, isInstruction: instruction !== undefined };
    if (instruction !== undefined && instruction !== current) step(instruction);
  };
  const output = (from: string, data: string) => {
    const lines = ((rests.get(from) ?? '') + data).split(/\r?\n|\r/);
    const rest = lines.pop() ?? '';
    rests.set(from, rest.length > LIMIT ? '' : rest);
    if (rest.length > LIMIT) lines.push(rest);
    for (const line of lines) {
      say(line);
      onOutput(line);
    }
  };
  const flush = () => {
    for (const rest of rests.values()) say(rest);
    rests.clear();
  };

  return {
    take: (line) => {
      const status = line.startsWith('{') ? parse(line) : undefined;
      if (status === undefined) {
        const failed = FAILED.exec(line)?.[1];
        if (failed === undefined) return log(line);
        flush();
        said = failed;
        return log(line);
      }
      for (const one of status.vertexes ?? []) vertex(one);
      for (const { vertex: of, stream, data } of status.logs ?? [])
        output(`${of} ${stream}`, Buffer.from(data, 'base64').toString());
      for (const { short } of status.warnings ?? [])
        log(`warning: ${Buffer.from(short, 'base64').toString()}`);
    },
    failure: () => ({ said, last: [...last], part }),
  };
}

function parse(line: string): z.infer<typeof Status> | undefined {
  try {
    return Status.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

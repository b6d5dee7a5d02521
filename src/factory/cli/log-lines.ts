import type { BuildEvent } from '../pipeline/events.ts';
import type { ProgressRenderer } from './progress-renderer.ts';
import { formatElapsed } from './step-list.ts';

/** Milliseconds between two details of a step in a log, and between two signs of life of a folded one. */
const RARELY = 30_000;

/** A stream of text. */
interface Output {
  write(text: string): unknown;
}

/** Prints each event as a line with its step. */
export function createLogLines(
  stream: Output,
  now: () => number = () => performance.now(),
): ProgressRenderer {
  const line = (text: string) => stream.write(`${text}\n`);
  const isDue = createPace(now);
  return {
    onEvent: (event) => {
      switch (event.type) {
        case 'start':
          line(`[${event.id}] ${event.title}`);
          isDue(event.id);
          break;
        case 'progress':
          if (!event.isFleeting || isDue(event.id)) line(`[${event.id}] … ${event.text}`);
          break;
        case 'end':
          line(`[${event.id}] ${endOf(event)}`);
          break;
        case 'fail':
          line(`[${event.id}] failed`);
          break;
        case 'notice':
          line(`notice: ${event.text}`);
          break;
        case 'plan':
          break;
      }
    },
    close: async () => undefined,
  };
}

/** A finished step, with the lines of its progress. */
interface Folded {
  readonly id: string;
  readonly heading: string;
  readonly lines: readonly string[];
  /** Unix times in seconds. */
  readonly from: number;
  readonly to: number;
}

/** How each CI folds lines below a heading. */
const FOLDS: Readonly<Record<'github' | 'gitlab', (folded: Folded) => string>> = {
  // docs.github.com, "Workflow commands", "Grouping log lines".
  github: ({ heading, lines }) => `::group::${heading}\n${joined(lines)}::endgroup::\n`,
  // docs.gitlab.com, "CI/CD job logs", "Custom collapsible sections".
  gitlab: ({ id, heading, lines, from, to }) => {
    const name = id.replaceAll(/[^A-Za-z0-9_.-]/g, '_');
    return (
      `\x1b[0Ksection_start:${from}:${name}[collapsed=true]\r\x1b[0K${heading}\n` +
      `${joined(lines)}\x1b[0Ksection_end:${to}:${name}\r\x1b[0K\n`
    );
  },
};

/**
 * Prints one line for each step when it ends, and folds the lines of its progress below it: steps run at the same time, so that
 * their lines would mix. A step that takes long shows now and then that it lives.
 */
export function createFoldedLog(
  stream: Output,
  folding: 'github' | 'gitlab',
  now: () => number = () => performance.now(),
): ProgressRenderer {
  const plain = createLogLines(stream, now);
  const line = (text: string) => stream.write(`${text}\n`);
  const open = new Map<string, { title: string; started: number; from: number; lines: string[] }>();
  const isDue = createPace(now);
  const end = (event: Extract<BuildEvent, { type: 'end' | 'fail' }>, outcome: string) => {
    const { lines = [], from = unixTime() } = open.get(event.id) ?? {};
    open.delete(event.id);
    const heading = `[${event.id}] ${event.title}: ${outcome}`;
    if (lines.length === 0) line(heading);
    else stream.write(FOLDS[folding]({ id: event.id, heading, lines, from, to: unixTime() }));
  };
  return {
    onEvent: (event) => {
      switch (event.type) {
        case 'start':
          open.set(event.id, { title: event.title, started: now(), from: unixTime(), lines: [] });
          isDue(event.id);
          break;
        case 'progress': {
          const step = open.get(event.id);
          if (!event.isFleeting) step?.lines.push(event.text);
          if (step && isDue(event.id))
            line(
              `[${event.id}] ${step.title}: ${formatElapsed((now() - step.started) / 1000)}, ${event.text}`,
            );
          break;
        }
        case 'end':
          end(event, endOf(event));
          break;
        case 'fail':
          end(event, 'failed');
          break;
        default:
          plain.onEvent(event);
      }
    },
    close: plain.close,
  };
}

function endOf({ cached, seconds }: { readonly cached: boolean; readonly seconds: number }): string {
  return cached ? 'cached' : `done in ${seconds.toFixed(1)} s`;
}

/** Returns whether enough time has passed since the last line of a step. */
function createPace(now: () => number): (id: string) => boolean {
  const last = new Map<string, number>();
  return (id) => {
    const due = now() - (last.get(id) ?? Number.NEGATIVE_INFINITY) >= RARELY;
    if (due) last.set(id, now());
    return due;
  };
}

function joined(lines: readonly string[]): string {
  return lines.map((text) => `${text}\n`).join('');
}

function unixTime(): number {
  return Math.floor(Date.now() / 1000);
}

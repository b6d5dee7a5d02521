import type { Captured, Written } from './capture.ts';
import { TERMINAL } from './session.ts';
import { createTerminal, ESCAPE } from './terminal.ts';

/** What a terminal shows at a time, in seconds. */
export interface CastEvent {
  readonly time: number;
  /** `o`: output; `m`: a mark, here the command that begins. */
  readonly type: 'o' | 'm';
  readonly text: string;
}

/** How long the output of one command takes in the recording, at most. */
const LONGEST = 10;
/** Seconds between two drawings of the progress of a build. */
const FRAME = 0.5;
/** Seconds after the end of a command, for each line of its output. */
const READING = 0.12;
const REDRAWN = new RegExp(`^${ESCAPE}\\[(\\d+)A${ESCAPE}\\[J`);
const BEFORE_REDRAWN = new RegExp(`(?=${ESCAPE}\\[\\d+A${ESCAPE}\\[J)`);
const CUT = new RegExp(`${ESCAPE}(?:\\[[\\d;?]*)?$`);

/** Joins captured commands into one session with a prompt, shortens long waits, and leaves out drawings that nobody could see. */
export function castEvents(session: readonly Captured[]): CastEvent[] {
  const events: CastEvent[] = [];
  let now = 0.5;
  for (const { command, written } of session) {
    events.push({ time: now, type: 'm', text: command }, { time: now, type: 'o', text: '$ ' });
    const half = Math.ceil(command.length / 2);
    events.push({ time: now + 0.6, type: 'o', text: command.slice(0, half) });
    events.push({ time: now + 1, type: 'o', text: `${command.slice(half)}\r\n` });
    now += 1.4;
    const scale = Math.min(1, LONGEST / Math.max(1, written.at(-1)?.time ?? 0));
    const kept = visible(whole(written).map(({ time, text }) => ({ time: time * scale, text })));
    events.push(...kept.map(({ time, text }) => ({ time: now + time, type: 'o' as const, text })));
    const lines = kept.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
    now += (kept.at(-1)?.time ?? 0) + 1.5 + Math.min(4, lines * READING);
  }
  return [...events, { time: now, type: 'o', text: '$ ' }];
}

/** Leaves out each drawing that another one replaces within a frame. Lines that were written between drawings stay. */
function visible(written: readonly Written[]): Written[] {
  const kept: Written[] = [];
  for (const { time, text } of written.flatMap(drawings)) {
    const last = kept.at(-1);
    const [erased, rows] = REDRAWN.exec(text) ?? [];
    const [lastErased = ''] = REDRAWN.exec(last?.text ?? '') ?? [];
    if (erased !== undefined && last !== undefined && lastErased !== '' && time - last.time < FRAME) {
      const lines = last.text.slice(lastErased.length).split('\n');
      const between = lines.slice(0, lines.length - 1 - Number(rows)).map((line) => `${line}\n`);
      const joined = `${lastErased}${between.join('')}${text.slice(erased.length)}`;
      kept.splice(-1, 1, { time: last.time, text: joined });
    } else kept.push({ time, text });
  }
  return kept;
}

/** Joins what a terminal passed on in several pieces, which may have cut a drawing or a sequence. */
function whole(written: readonly Written[]): Written[] {
  const joined: { time: number; text: string; until: number }[] = [];
  for (const { time, text } of written) {
    const last = joined.at(-1);
    const continues =
      last !== undefined && (CUT.test(last.text) || (time - last.until < 0.03 && !REDRAWN.test(text)));
    if (continues) Object.assign(last, { text: last.text + text, until: time });
    else joined.push({ time, text, until: time });
  }
  return joined;
}

/** One piece for each drawing, where the terminal passed several on at once. */
function drawings({ time, text }: Written): Written[] {
  return text.split(BEFORE_REDRAWN).map((piece) => ({ time, text: piece }));
}

/** Writes a recording in the format of asciinema (docs.asciinema.org, "asciicast v2"). */
export function formatCast(events: readonly CastEvent[]): string {
  const header = { version: 2, width: TERMINAL.columns, height: TERMINAL.rows, title: 'kairos-factory' };
  const lines = events.map(({ time, type, text }) => [Number(time.toFixed(2)), type, text]);
  return [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Reads a recording of {@link formatCast}. */
export function parseCast(text: string): CastEvent[] {
  const [, ...lines] = text.trimEnd().split('\n');
  return lines.map((line) => {
    const [time, type, data] = JSON.parse(line) as [number, CastEvent['type'], string];
    return { time, type, text: data };
  });
}

/** The lines that each command of a recording has left on its terminal, by the command; none is cut. */
export function commandOutputs(events: readonly CastEvent[]): Map<string, string[]> {
  const starts = events.flatMap(({ type }, index) => (type === 'm' ? [index] : []));
  return new Map(
    starts.map((start, nth) => {
      const terminal = createTerminal({ columns: 1000, rows: 1000 });
      for (const { text } of events.slice(start + 1, starts[nth + 1])) terminal.write(text);
      const lines = terminal.rows().map((spans) => spans.map(({ text }) => text).join(''));
      // Without the command itself, and the prompt after the last one.
      const output = lines.slice(1).filter((line) => line.trimEnd() !== '$');
      return [events[start]?.text ?? '', output.slice(0, output.findLastIndex((line) => line !== '') + 1)];
    }),
  );
}

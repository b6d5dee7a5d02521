import { setImmediate as nextTurn } from 'node:timers/promises';
import { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createProgressRenderer } from '../../../../src/factory/cli/render-progress.ts';
import type { BuildEvent, PlannedStep } from '../../../../src/factory/pipeline/events.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A stream that records what is written to it, as a terminal or not. */
function keepingStream(isTTY: boolean, rows = 40) {
  const written: string[] = [];
  const stream: WriteStream = Object.create(WriteStream.prototype, {
    isTTY: { value: isTTY },
    columns: { value: 80 },
    rows: { value: rows },
    // The list replaces this while it is shown.
    write: {
      writable: true,
      value: (text: string | Uint8Array) => {
        written.push(String(text));
        return true;
      },
    },
  });
  return { stream, written, text: () => written.join('') };
}

/** The same for a terminal with a number of rows: what each write shows. */
function keepingFrames(rows: number) {
  const { stream, written } = keepingStream(true, rows);
  return {
    stream,
    frames: () => written.map(stripVTControlCharacters).filter((frame) => frame.trim() !== ''),
  };
}

/** Makes standard output a terminal, or not, for the rest of a test. */
function setStdout(isTTY: boolean) {
  const before = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY');
  Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true });
  onTestFinished(() => {
    if (before) Object.defineProperty(process.stdout, 'isTTY', before);
    else Reflect.deleteProperty(process.stdout, 'isTTY');
  });
}

const step = (id: string, title: string): PlannedStep => ({ id, title, needs: [], state: 'run' });

/** The events of a build with two steps, the second of which may fail. */
const EVENTS: readonly BuildEvent[] = [
  { type: 'plan', steps: [step('base', 'import the base'), step('image', 'build the image')] },
  { type: 'start', id: 'base', title: 'import the base' },
  { type: 'end', id: 'base', title: 'import the base', cached: true, seconds: 0 },
  { type: 'start', id: 'image', title: 'build the image' },
  { type: 'progress', id: 'image', text: 'RUN apt-get' },
  { type: 'notice', text: 'no GRUB for BIOS' },
];
const DONE: BuildEvent = {
  type: 'end',
  id: 'image',
  title: 'build the image',
  cached: false,
  seconds: 61.25,
};
const FAILED: BuildEvent = { type: 'fail', id: 'image', title: 'build the image', message: 'status 100' };

describe('without a terminal', () => {
  const lines = async (...events: readonly BuildEvent[]) => {
    const { stream, text } = keepingStream(false);
    const { onEvent, close } = createProgressRenderer(stream);
    for (const event of events) onEvent(event);
    await close();
    return text();
  };

  test('prints each event as a line with its step', async () => {
    expect(await lines(...EVENTS, DONE)).toBe(
      [
        '[base] import the base',
        '[base] cached',
        '[image] build the image',
        '[image] … RUN apt-get',
        'notice: no GRUB for BIOS',
        '[image] done in 61.3 s',
        '',
      ].join('\n'),
    );
  });

  test('reports a failed step without the reason, which is in the error', async () => {
    expect(await lines(...EVENTS, FAILED)).toMatch(/\[image\] failed\n$/);
  });
});

describe('on a terminal', () => {
  /** Sends events to a terminal; by default, standard output is a terminal too. */
  const played = async (
    events: readonly BuildEvent[],
    { ci, stdout = true }: { ci?: string; stdout?: boolean } = {},
  ) => {
    vi.stubEnv('CI', ci);
    setStdout(stdout);
    const { stream, text } = keepingStream(true);
    const { onEvent, close } = createProgressRenderer(stream);
    for (const event of events) {
      onEvent(event);
      await nextTurn();
    }
    await close();
    return stripVTControlCharacters(text());
  };

  test('the list ends with the duration of each step, and the notices', async () => {
    const text = await played([...EVENTS, DONE]);
    expect(text).toContain('import the base (cached)');
    expect(text).toContain('build the image (61.3 s)');
    expect(text).toMatch(/notice: no GRUB for BIOS\n$/);
    expect(text).not.toContain('[base]');
  });

  test.each<[string, readonly BuildEvent[]]>([
    ['a step failed', [...EVENTS, FAILED]],
    ['steps never ran', EVENTS],
    ['nothing was planned', []],
  ])('the list ends when %s', async (_, events) => {
    expect(await played(events)).not.toContain('(61.3 s)');
  });

  test('a list of more rows than the terminal keeps what runs in sight, and ends whole', async () => {
    const many = Array.from({ length: 60 }, (_, index) => step(`step${index}`, `do thing ${index}`));
    const { stream, frames } = keepingFrames(24);
    vi.stubEnv('CI', undefined);
    setStdout(true);
    const { onEvent, close } = createProgressRenderer(stream);
    onEvent({ type: 'plan', steps: many });
    onEvent({ type: 'start', id: 'step3', title: 'do thing 3' });
    onEvent({ type: 'progress', id: 'step3', text: 'RUN apt-get' });
    await expect.poll(() => frames().at(-1) ?? '').toContain('do thing 3 (0 s)');
    const frame = frames().at(-1) ?? '';
    expect(frame).toMatch(/[›>] RUN apt-get/);
    expect(frame).toContain('0 of 60 steps done');
    expect(frame).toContain('59 waiting');
    expect(frame.split('\n').length).toBeLessThan(24);
    await close();
    expect(frames().join('')).toContain('do thing 59');
  });

  test.each<[string, { ci?: string; stdout?: boolean }]>([
    ['of a CI, which sets CI', { ci: 'true' }],
    ['whose standard output goes elsewhere', { stdout: false }],
  ])('%s, events are printed as lines', async (_, options) => {
    expect(await played([...EVENTS, DONE], options)).toContain('[base] cached\n');
  });
});

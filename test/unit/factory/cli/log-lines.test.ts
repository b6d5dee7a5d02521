import { describe, expect, test } from 'vitest';
import { createFoldedLog, createLogLines } from '../../../../src/factory/cli/log-lines.ts';
import type { BuildEvent } from '../../../../src/factory/pipeline/events.ts';

const EVENTS: readonly BuildEvent[] = [
  { type: 'start', id: 'a/base', title: 'import' },
  { type: 'progress', id: 'a/base', text: 'RUN x' },
  { type: 'progress', id: 'a/base', text: 'setting up dbus', isFleeting: true },
  { type: 'end', id: 'a/base', title: 'import', cached: false, seconds: 3 },
  { type: 'start', id: 'iso', title: 'make the ISO' },
  { type: 'end', id: 'iso', title: 'make the ISO', cached: true, seconds: 0 },
  { type: 'notice', text: 'something' },
];

function play(create: typeof createLogLines, events: readonly BuildEvent[], times: readonly number[] = []) {
  let text = '';
  let now = 0;
  const log = create({ write: (more: string) => (text += more) }, () => now);
  events.forEach((event, index) => {
    now = times[index] ?? now;
    log.onEvent(event);
  });
  return text;
}

describe('a log', () => {
  test('leaves out what changes from second to second', () => {
    expect(play(createLogLines, EVENTS)).not.toContain('dbus');
  });

  test('has it now and then', () => {
    expect(play(createLogLines, EVENTS, [0, 1, 31_000])).toContain('[a/base] … setting up dbus\n');
  });
});

describe('a folded log', () => {
  test('of GitHub has one line for each step, and its lines below', () => {
    const text = play((output, now) => createFoldedLog(output, 'github', now), EVENTS);
    expect(text).toBe(
      '::group::[a/base] import: done in 3.0 s\nRUN x\n::endgroup::\n[iso] make the ISO: cached\nnotice: something\n',
    );
  });

  test('of GitLab has sections', () => {
    const text = play((output, now) => createFoldedLog(output, 'gitlab', now), EVENTS);
    const numbered = text.replaceAll(/section_(start|end):\d+:/g, 'section_$1:0:');
    expect(numbered.split('\n').slice(0, 3)).toEqual([
      '\x1b[0Ksection_start:0:a_base[collapsed=true]\r\x1b[0K[a/base] import: done in 3.0 s',
      'RUN x',
      '\x1b[0Ksection_end:0:a_base\r\x1b[0K',
    ]);
  });

  test('shows that a long step lives', () => {
    const text = play((output, now) => createFoldedLog(output, 'github', now), EVENTS, [0, 1, 31_000]);
    expect(text).toMatch(/^\[a\/base\] import: 31 s, setting up dbus\n::group::/);
  });
});

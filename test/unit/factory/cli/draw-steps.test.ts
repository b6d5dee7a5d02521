import { describe, expect, test } from 'vitest';
import { type Canvas, drawEnd, drawSteps } from '../../../../src/factory/cli/draw-steps.ts';
import { afterEvent, type StepList } from '../../../../src/factory/cli/step-list.ts';
import { terminalTraits } from '../../../../src/factory/cli/terminal-traits.ts';
import type { BuildEvent } from '../../../../src/factory/pipeline/events.ts';

const TITLES = ['import the base', 'build the image', 'make the squashfs', 'make the ISO'];
const EVENTS: readonly BuildEvent[] = [
  {
    type: 'plan',
    steps: TITLES.map((title, index) => ({ id: `${index}`, title, needs: [], state: 'run' as const })),
  },
  { type: 'start', id: '0', title: TITLES[0] ?? '' },
  { type: 'end', id: '0', title: TITLES[0] ?? '', cached: true, seconds: 0 },
  { type: 'start', id: '1', title: TITLES[1] ?? '' },
  { type: 'progress', id: '1', text: 'RUN /bin/sh install-apt.sh' },
  { type: 'progress', id: '1', text: 'setting up dbus (12 of 240)…', isFleeting: true },
  { type: 'start', id: '2', title: TITLES[2] ?? '' },
  { type: 'fail', id: '2', title: TITLES[2] ?? '', message: 'no' },
];
const LIST = EVENTS.reduce<StepList>((list, event) => afterEvent(list, event, 0), new Map());
const canvas = (more: Partial<Canvas> = {}): Canvas => ({
  rows: 24,
  columns: 80,
  isUnicode: true,
  now: 65_000,
  ...more,
});
const texts = (more: Partial<Canvas> = {}) => drawSteps(LIST, canvas(more)).map(({ text }) => text);

describe('the rows of a build', () => {
  test('show state, elapsed time and the current package', () => {
    expect(texts()).toEqual([
      '✔ import the base (cached)',
      expect.stringMatching(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] build the image \(1:05 min\)$/),
      '  › setting up dbus (12 of 240)…',
      '✖ make the squashfs (0.0 s)',
      '· make the ISO',
    ]);
  });

  test('a new activity replaces the detail of the last one', () => {
    const list = afterEvent(LIST, { type: 'progress', id: '1', text: 'COPY' }, 0);
    expect(drawSteps(list, canvas()).map(({ text }) => text)).toContain('  › COPY');
  });

  test.each([40, 20, 8])('fit %i columns', (columns) => {
    for (const isUnicode of [true, false]) {
      const rows = texts({ columns, isUnicode });
      expect(rows).toHaveLength(5);
      for (const text of rows) expect(text.length).toBeLessThan(Math.max(columns, 16));
    }
    expect(texts({ columns: 40 }).every((text) => text.length < 40)).toBe(true);
  });

  test('are ASCII without Unicode', () => {
    const rows = texts({ isUnicode: false });
    expect(rows.join('')).toMatch(/^[\x20-\x7e]*$/);
    expect(rows[0]).toBe('+ import the base (cached)');
    expect(rows[2]).toBe('  > setting up dbus (12 of 240)...');
  });

  test('keep what runs or has failed in sight when there are few', () => {
    const rows = texts({ rows: 5 });
    expect(rows.length).toBeLessThan(5);
    expect(rows.at(-2)).toBe('  1 of 4 steps done');
    expect(rows.at(-1)).toBe('  1 waiting');
    expect(rows.join('\n')).toContain('build the image');
  });

  test('at the end are one for each step', () => {
    const done = afterEvent(
      LIST,
      { type: 'end', id: '1', title: TITLES[1] ?? '', cached: false, seconds: 61.25 },
      0,
    );
    expect(drawEnd(done, canvas()).map(({ text }) => text)).toEqual([
      '✔ import the base (cached)',
      '✔ build the image (61.3 s)',
      '✖ make the squashfs (0.0 s)',
      '· make the ISO',
    ]);
  });
});

describe('the traits of a terminal', () => {
  test.each([
    [{ TERM: 'xterm', LANG: 'en_US.UTF-8' }, true, true, true],
    [{ TERM: 'dumb', LANG: 'en_US.UTF-8' }, true, false, true],
    [{ TERM: 'xterm', LANG: 'C' }, true, true, false],
    [{ TERM: 'xterm', LANG: 'en_US.UTF-8', LC_ALL: 'C' }, true, true, false],
    [{ TERM: 'xterm', LC_CTYPE: 'C.utf8' }, true, true, true],
    [{ TERM: 'xterm', CI: 'true' }, true, false, false],
    [{ TERM: 'xterm' }, false, false, false],
  ])('%j', (env, isTerminal, isLive, isUnicode) => {
    expect(terminalTraits({ env, isTerminal })).toEqual({ isLive, isUnicode, folding: undefined });
  });

  test('a CI that folds is known by its variable', () => {
    expect(terminalTraits({ env: { GITHUB_ACTIONS: 'true' }, isTerminal: false }).folding).toBe('github');
    expect(terminalTraits({ env: { GITLAB_CI: 'true' }, isTerminal: false }).folding).toBe('gitlab');
  });
});

import { expect, test } from 'vitest';
import { castEvents, commandOutputs, formatCast, parseCast } from '../../../../scripts/recording/cast.ts';
import { drawCast } from '../../../../scripts/recording/svg.ts';

const drawing = (rows: number, text: string) => `\x1b[${rows}A\x1b[J${text}`;
const session = [
  {
    command: 'tool build',
    written: [
      { time: 0, text: 'step 0 %\r\n' },
      ...[...Array(99).keys()].map((percent) => ({
        time: percent + 1,
        text: drawing(1, `step ${percent + 1} %\r\n`),
      })),
      // One line between two drawings, two drawings at once, and one that is cut in its sequence.
      { time: 99.5, text: drawing(1, 'warning: low\r\nstep 99 %\r\n') + drawing(1, 'step 99 %\r\n\x1b[') },
      { time: 99.6, text: '1A\x1b[Jstep done\r\n' },
    ],
  },
  { command: 'tool show | head', written: [{ time: 0.2, text: 'a < b & c\r\n' }] },
];
const events = castEvents(session);

test('a recording has what each command left, and few of the drawings between', () => {
  expect(commandOutputs(events)).toEqual(
    new Map([
      ['tool build', ['warning: low', 'step done']],
      ['tool show | head', ['a < b & c']],
    ]),
  );
  expect(events.length).toBeLessThan(40);
  expect(events.at(-1)?.time).toBeLessThan(20);
  expect(events.map(({ time }) => time)).toEqual(events.map(({ time }) => time).sort((a, b) => a - b));
});

test('it is written for asciinema, and read again', () => {
  const text = formatCast(events);
  expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ version: 2, width: expect.any(Number) });
  expect(commandOutputs(parseCast(text))).toEqual(commandOutputs(events));
});

test('its picture moves, and ends with the last screen', () => {
  const picture = drawCast(parseCast(formatCast(events)), 'A session');
  expect(picture).toContain('>a &lt; b &amp; c</tspan>');
  expect(picture).toMatch(/@keyframes film \{ 0\.00%\{[\s\S]* \}/);
  expect(picture).toContain('prefers-reduced-motion');
});

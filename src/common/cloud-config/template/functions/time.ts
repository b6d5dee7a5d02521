import { formatDate } from '../date.ts';
import { durationText, parseDuration } from '../duration.ts';
import { type FunctionContext, fixed, type TemplateFunction } from '../function.ts';
import { any, string } from '../param.ts';
import { parseDate } from '../parse-date.ts';
import type { Value } from '../value.ts';

const DAY_FORMAT = '2006-01-02';
const MILLISECOND = 1_000_000;
const SECOND = 1000 * MILLISECOND;
const HOUR = 3600 * SECOND;
/** In nanoseconds, from the largest on. */
const UNITS = [
  ['y', 24 * 365 * HOUR],
  ['mo', 24 * 30 * HOUR],
  ['d', 24 * HOUR],
  ['h', HOUR],
  ['m', 60 * SECOND],
  ['s', SECOND],
] as const;

/** Sprig, "Date Functions". Local time is UTC. */
export const TIME_FUNCTIONS: readonly TemplateFunction[] = [
  fixed('ago', 'how long ago a time was, as 1h2m3s', [any], ([time], context) => {
    const past = context.now().getTime() - timeOf(time, context).getTime();
    return durationText(Math.round(past / 1000) * SECOND);
  }),
  ...['dateInZone', 'date_in_zone'].map((name) =>
    fixed(
      name,
      'a time formatted with a layout, in a time zone such as "Europe/Rome"',
      [string, any, string],
      ([layout, time, zone], context) => formatDate(layout, timeOf(time, context), zone),
    ),
  ),
  ...['dateModify', 'date_modify'].map((name) =>
    fixed(
      name,
      'the time plus a duration such as "-1.5h"',
      [string, any],
      ([duration, time], context) => shifted(duration, time, context) ?? given(time, context),
    ),
  ),
  ...['mustDateModify', 'must_date_modify'].map((name) =>
    fixed(
      name,
      'the same as dateModify; a wrong duration is an error',
      [string, any],
      ([duration, time], context) =>
        shifted(duration, time, context) ?? context.fail(`"${duration}" is not a duration`),
    ),
  ),
  fixed('duration', 'a number of seconds, given as text, as 1h2m3s', [any], ([seconds]) =>
    durationText(typeof seconds === 'string' && /^[+-]?\d+$/.test(seconds) ? Number(seconds) * SECOND : 0),
  ),
  fixed('durationRound', 'a duration in its largest unit, such as 2h', [any], ([value], { now }) => {
    const length =
      value instanceof Date
        ? (now().getTime() - value.getTime()) * MILLISECOND
        : typeof value === 'string'
          ? (parseDuration(value) ?? 0)
          : 0;
    const size = Math.abs(length);
    const [unit, one] = UNITS.find(([, nanoseconds]) => size > nanoseconds) ?? [
      's',
      Number.POSITIVE_INFINITY,
    ];
    return `${Math.floor(size / one)}${unit}`;
  }),
  fixed('htmlDate', 'a time as 2006-01-02', [any], ([time], context) =>
    formatDate(DAY_FORMAT, timeOf(time, context)),
  ),
  fixed('htmlDateInZone', 'a time as 2006-01-02, in a time zone', [any, string], ([time, zone], context) =>
    formatDate(DAY_FORMAT, timeOf(time, context), zone),
  ),
  fixed(
    'toDate',
    'the time that a text in a layout stands for; year 1 if it is not one',
    [string, string],
    ([layout, value]) => parseDate(layout, value) ?? new Date('0001-01-01T00:00:00Z'),
  ),
  fixed(
    'mustToDate',
    'the same as toDate; text that is not a time is an error',
    [string, string],
    ([layout, value], { fail }) =>
      parseDate(layout, value) ?? fail(`"${value}" is not a time in the layout "${layout}"`),
  ),
];

/** A time, or that of a Unix timestamp; now for any other value. */
function timeOf(time: Value, { now }: FunctionContext): Date {
  if (time instanceof Date) return time;
  return typeof time === 'number' && Number.isInteger(time) ? new Date(time * 1000) : now();
}

function given(time: Value, { fail }: FunctionContext): Date {
  return time instanceof Date ? time : fail('expected a time');
}

function shifted(duration: string, time: Value, context: FunctionContext): Date | undefined {
  const length = parseDuration(duration);
  const from = given(time, context);
  return length === undefined ? undefined : new Date(from.getTime() + length / MILLISECOND);
}

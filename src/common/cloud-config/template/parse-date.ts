/** What an element of a layout matches (Go time, "Constants"). */
const ELEMENTS: Readonly<Record<string, readonly [name: string, pattern: string]>> = {
  '2006': ['year', '\\d{4}'],
  '06': ['shortYear', '\\d{2}'],
  January: ['monthName', '[A-Za-z]{3,9}'],
  Jan: ['monthName', '[A-Za-z]{3}'],
  '01': ['month', '\\d{2}'],
  '1': ['month', '\\d{1,2}'],
  Monday: ['', '[A-Za-z]{6,9}'],
  Mon: ['', '[A-Za-z]{3}'],
  '02': ['day', '\\d{2}'],
  _2: ['day', ' ?\\d{1,2}'],
  '2': ['day', '\\d{1,2}'],
  '15': ['hour', '\\d{2}'],
  '03': ['twelve', '\\d{2}'],
  '3': ['twelve', '\\d{1,2}'],
  '04': ['minute', '\\d{2}'],
  '4': ['minute', '\\d{1,2}'],
  '05': ['second', '\\d{2}(?:[.,]\\d+)?'],
  '5': ['second', '\\d{1,2}(?:[.,]\\d+)?'],
  PM: ['half', 'AM|PM'],
  pm: ['half', 'am|pm'],
  MST: ['', 'UTC|GMT'],
  'Z07:00': ['zone', 'Z|[+-]\\d{2}:\\d{2}'],
  Z0700: ['zone', 'Z|[+-]\\d{4}'],
  '-07:00': ['zone', '[+-]\\d{2}:\\d{2}'],
  '-0700': ['zone', '[+-]\\d{4}'],
  '-07': ['zone', '[+-]\\d{2}'],
};
const ELEMENT =
  /January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|01|02|03|04|05|06|15|_2|PM|pm|1|2|3|4|5/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Reads a time in a Go layout, in UTC unless it names its offset; `undefined` for text that does not follow the layout. */
export function parseDate(layout: string, text: string): Date | undefined {
  const names: string[] = [];
  let pattern = '';
  let rest = layout;
  for (let found = ELEMENT.exec(rest); found; found = ELEMENT.exec(rest)) {
    const [name, element] = ELEMENTS[found[0]] ?? ['', ''];
    pattern += `${literal(rest.slice(0, found.index))}(${element})`;
    names.push(name);
    rest = rest.slice(found.index + found[0].length);
  }
  const match = new RegExp(`^${pattern}${literal(rest)}$`).exec(text);
  if (!match) return undefined;
  return timeOf(new Map(names.map((name, index) => [name, match[index + 1] ?? ''])));
}

function literal(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$/]/g, '\\$&');
}

function timeOf(parts: ReadonlyMap<string, string>): Date | undefined {
  const part = (name: string, otherwise: number) =>
    Number(parts.get(name)?.trim().replace(',', '.') ?? otherwise);
  const short = part('shortYear', 0);
  const year = parts.has('shortYear') ? short + (short >= 69 ? 1900 : 2000) : part('year', 0);
  const named = parts.get('monthName')?.slice(0, 3).toLowerCase();
  const month = named === undefined ? part('month', 1) : MONTHS.indexOf(named) + 1;
  const day = part('day', 1);
  const half = parts.get('half')?.toLowerCase();
  const hour = parts.has('twelve') ? (part('twelve', 0) % 12) + (half === 'pm' ? 12 : 0) : part('hour', 0);
  const [minute, second] = [part('minute', 0), part('second', 0)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute - offsetOf(parts.get('zone')), 0, Math.round(second * 1000));
  const isDay = new Date(Date.UTC(2000 + (year % 400), month - 1, day)).getUTCDate() === day;
  return month >= 1 && month <= 12 && day >= 1 && isDay && hour < 24 && minute < 60 && second < 60
    ? date
    : undefined;
}

/** Minutes east of UTC. */
function offsetOf(zone = 'Z'): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  const size = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -size : size;
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
/** Longer ones first, so that `January` is not read as `Jan`. */
const ELEMENT =
  /January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|__2|002|01|02|03|04|05|06|15|_2|PM|pm|[.,](?:0+|9+)(?!\d)|1|2|3|4|5/g;

/**
 * Formats a time by a Go layout, which spells the time Mon Jan 2 15:04:05 MST 2006 (Go time, "Constants").
 * @param zone a name such as `Europe/Rome`; an unknown one is UTC
 */
export function formatDate(layout: string, time: Date, zone = 'UTC'): string {
  const { offset, name } = zoneAt(time, zone);
  const local = new Date(time.getTime() + offset * 60_000);
  return layout.replace(ELEMENT, (element) =>
    element === 'MST'
      ? name
      : /07/.test(element)
        ? zoneElement(element, offset)
        : formatElement(element, local),
  );
}

/** The offset of a time zone in minutes, and its abbreviation. */
function zoneAt(time: Date, timeZone: string): { readonly offset: number; readonly name: string } {
  if (['', 'UTC', 'Local'].includes(timeZone)) return { offset: 0, name: 'UTC' };
  try {
    const part = (timeZoneName: 'longOffset' | 'short') =>
      new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName })
        .formatToParts(time)
        .find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d+):(\d+)/.exec(part('longOffset')) ?? [];
    const size = Number(hours) * 60 + Number(minutes);
    return { offset: sign === '-' ? -size : size, name: part('short') };
  } catch {
    return { offset: 0, name: 'UTC' };
  }
}

function zoneElement(element: string, offset: number): string {
  if (offset === 0 && element.startsWith('Z')) return 'Z';
  const size = Math.abs(offset);
  const sign = offset < 0 ? '-' : '+';
  return element
    .replace(/^[Z-]/, sign)
    .replace('07', padded(Math.floor(size / 60), 2))
    .replace('00', padded(size % 60, 2));
}

function formatElement(element: string, time: Date): string {
  const month = MONTHS[time.getUTCMonth()] ?? '';
  const weekday = DAYS[time.getUTCDay()] ?? '';
  const day = time.getUTCDate();
  const hours = time.getUTCHours();
  const twelve = hours % 12 === 0 ? 12 : hours % 12;
  switch (element) {
    case 'January':
      return month;
    case 'Jan':
      return month.slice(0, 3);
    case 'Monday':
      return weekday;
    case 'Mon':
      return weekday.slice(0, 3);
    case '2006':
      return padded(time.getUTCFullYear(), 4);
    case '06':
      return padded(time.getUTCFullYear() % 100, 2);
    case '01':
      return padded(time.getUTCMonth() + 1, 2);
    case '1':
      return String(time.getUTCMonth() + 1);
    case '02':
      return padded(day, 2);
    case '_2':
      return padded(day, 2, ' ');
    case '2':
      return String(day);
    case '002':
      return padded(dayOfYear(time), 3);
    case '__2':
      return padded(dayOfYear(time), 3, ' ');
    case '15':
      return padded(hours, 2);
    case '03':
      return padded(twelve, 2);
    case '3':
      return String(twelve);
    case 'PM':
      return hours < 12 ? 'AM' : 'PM';
    case 'pm':
      return hours < 12 ? 'am' : 'pm';
    case '04':
      return padded(time.getUTCMinutes(), 2);
    case '4':
      return String(time.getUTCMinutes());
    case '05':
      return padded(time.getUTCSeconds(), 2);
    case '5':
      return String(time.getUTCSeconds());
    default:
      return fraction(element, time);
  }
}

/** `.000` keeps its zeros, `.999` drops them. */
function fraction(element: string, time: Date): string {
  const digits = padded(time.getUTCMilliseconds(), 3)
    .padEnd(element.length - 1, '0')
    .slice(0, element.length - 1);
  if (element.includes('0')) return element.charAt(0) + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : element.charAt(0) + short;
}

function dayOfYear(time: Date): number {
  return Math.floor((time.getTime() - Date.UTC(time.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

function padded(value: number, width: number, fill = '0'): string {
  return String(value).padStart(width, fill);
}

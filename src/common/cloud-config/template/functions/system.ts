import { randomInt, randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { formatDate } from '../date.ts';
import { type FunctionContext, fixed, type TemplateFunction } from '../function.ts';
import { any, string, whole } from '../param.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';

/** Sprig, "OS Functions", "File Path Functions", "Date Functions", "UUID Functions" and random values. */
export const SYSTEM_FUNCTIONS: readonly TemplateFunction[] = [
  fixed('env', 'an environment variable, or an empty text', [string], ([name], { env }) =>
    variable(env, name),
  ),
  fixed(
    'expandenv',
    'the text with $NAME and ${NAME} replaced by environment variables',
    [string],
    ([value], { env }) =>
      value.replace(/\$(?:([A-Za-z_]\w*)|\{([^}]*)\})/g, (_, short?: string, long?: string) =>
        variable(env, short ?? long ?? ''),
      ),
  ),
  fixed('base', 'last part of a path', [string], ([path]) =>
    path === '' ? '.' : posix.basename(path) || '/',
  ),
  fixed('dir', 'a path without its last part', [string], ([path]) =>
    clean(path.slice(0, path.lastIndexOf('/') + 1)),
  ),
  fixed(
    'ext',
    'extension of a file name, with its dot',
    [string],
    ([path]) => /\.[^./]*$/.exec(path)?.[0] ?? '',
  ),
  fixed('clean', 'the path in its shortest form', [string], ([path]) => clean(path)),
  fixed('isAbs', 'whether a path is absolute', [string], ([path]) => path.startsWith('/')),
  random('randAlphaNum', 'random letters and digits', LETTERS + DIGITS),
  random('randAlpha', 'random letters', LETTERS),
  random('randNumeric', 'random digits', DIGITS),
  fixed(
    'randInt',
    'a random number from the first up to the second',
    [whole, whole],
    ([least, end], { fail }) =>
      end > least && end - least < 2 ** 48
        ? randomInt(least, end)
        : fail('the second number must be larger than the first, by less than 2^48'),
  ),
  fixed('uuidv4', 'a random UUID', [], () => randomUUID()),
  fixed('now', 'the current time', [], (_, { now }) => now()),
  fixed(
    'date',
    'a time formatted with a layout such as "2006-01-02", in UTC',
    [string, any],
    ([layout, time], { now }) =>
      formatDate(
        layout,
        time instanceof Date ? time : typeof time === 'number' ? new Date(time * 1000) : now(),
      ),
  ),
  fixed('unixEpoch', 'the Unix timestamp of a time, as text', [any], ([time], { fail }) =>
    time instanceof Date ? String(Math.floor(time.getTime() / 1000)) : fail('expected a time'),
  ),
];

function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function variable(env: FunctionContext['env'], name: string): string {
  return Object.hasOwn(env, name) ? (env[name] ?? '') : '';
}

function random(name: string, description: string, characters: string): TemplateFunction {
  return fixed(name, `that many ${description}`, [whole], ([count], { grow, fail }) => {
    if (count < 0) return fail('cannot produce fewer than 0 characters');
    // A random number costs far more than a character.
    grow(count * 64);
    return Array.from({ length: count }, () => characters.charAt(randomInt(characters.length))).join('');
  });
}

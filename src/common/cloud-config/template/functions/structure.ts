import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SemVer } from 'semver';
import { type FunctionContext, fixed, type TemplateFunction, variadic } from '../function.ts';
import { any, dict, int, list, string } from '../param.ts';
import { type Dict, isDict, isList, toValue, typeOf, type Value } from '../value.ts';

/** Sprig: copies and comparison of structures, chunks, URLs, versions and paths of the operating system. */
export const STRUCTURE_FUNCTIONS: readonly TemplateFunction[] = [
  fixed('deepCopy', 'a copy of a map or list with everything in it', [any], ([value], { grow }) => {
    grow(1000);
    return copied(value);
  }),
  fixed('deepEqual', 'whether two values are equal with everything in them', [any, any], ([a, b]) =>
    isDeepStrictEqual(a, b),
  ),
  fixed('push', 'the same as append', [list, any], ([items, value]) => [...items, value]),
  fixed('chunk', 'the list in lists of that many items', [int, list], ([size, items], { fail }) => {
    if (size < 1) return fail('a chunk has at least one item');
    return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
      items.slice(index * size, (index + 1) * size),
    );
  }),
  fixed('typeIsLike', 'whether the value has the type, or points to it', [string, any], ([type, value]) =>
    [type, `*${type}`].includes(typeOf(value)),
  ),
  fixed('mustFromJson', 'the value parsed from JSON; other text is an error', [string], ([value], context) =>
    parsed(value, context),
  ),
  fixed('urlParse', 'the parts of a URL, as a map', [string], ([value], { fail }) => {
    const match = URL_PARTS.exec(value);
    return match?.groups ? partsOf(match.groups) : fail('the text is not a URL');
  }),
  fixed('urlJoin', 'the URL with the parts of a map', [dict], ([parts], context) => joined(parts, context)),
  fixed('semver', 'the parts of a version, as a map', [string], ([value], { fail }) => {
    const [, major, minor = '0', patch = '0', rest = ''] =
      /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?((?:-|\+).*)?$/.exec(value) ?? [];
    if (major === undefined) return fail(`"${value}" is not a version`);
    const version = new SemVer(`${major}.${minor}.${patch}${rest}`);
    return new Map<string, Value>([
      ['Major', version.major],
      ['Minor', version.minor],
      ['Patch', version.patch],
      ['Prerelease', version.prerelease.join('.')],
      ['Metadata', version.build.join('.')],
      ['Original', value],
    ]);
  }),
  ...(
    [
      ['osBase', 'last part of a path', (path) => (path === '' ? '.' : posix.basename(path) || '/')],
      ['osDir', 'a path without its last part', (path) => clean(path.slice(0, path.lastIndexOf('/') + 1))],
      ['osExt', 'extension of a file name, with its dot', (path) => /\.[^./]*$/.exec(path)?.[0] ?? ''],
      ['osClean', 'the path in its shortest form', clean],
    ] as const satisfies readonly (readonly [string, string, (path: string) => string])[]
  ).map(([name, description, run]) => fixed(name, description, [string], ([path]) => run(path))),
  fixed('osIsAbs', 'whether a path is absolute', [string], ([path]) => path.startsWith('/')),
  ...refusedFunctions(),
];

/** Functions that this project does not have, with the reason and the alternative. */
function refusedFunctions(): TemplateFunction[] {
  const reasons: Readonly<Record<string, string>> = {
    getHostByName: 'a template does not depend on the network; use a command of a step',
    bcrypt: 'use mkpasswd, htpasswd or openssl, and write the hash',
    htpasswd: 'use htpasswd of Apache, and write its line',
    ...Object.fromEntries(
      ['genCA', 'genCAWithKey', 'genSelfSignedCert', 'genSelfSignedCertWithKey', 'genSignedCert'].map(
        (name) => [name, 'use openssl in a command of a step'],
      ),
    ),
    genSignedCertWithKey: 'use openssl in a command of a step',
    buildCustomCert: 'use openssl in a command of a step',
  };
  return Object.entries(reasons).map(([name, reason]) =>
    variadic(name, `not supported: ${reason}`, [], any, (_, __, { fail }) =>
      fail(`is not supported: ${reason}`),
    ),
  );
}

function copied(value: Value): Value {
  if (isList(value)) return value.map(copied);
  return isDict(value) ? new Map([...value].map(([key, inner]) => [key, copied(inner)])) : value;
}

function parsed(value: string, { fail }: FunctionContext): Value {
  try {
    return toValue(JSON.parse(value));
  } catch {
    return fail('the text is not JSON');
  }
}

function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/** RFC 3986, appendix B, with the opaque form of Go's net/url. */
const URL_PARTS =
  /^(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:(?<userinfo>[^/?#@]*)@)?(?<host>[^/?#]*))?(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$/s;

function partsOf(found: Readonly<Record<string, string | undefined>>): Dict {
  const { scheme = '', userinfo = '', host = '', path = '', query = '', fragment = '' } = found;
  const isOpaque = scheme !== '' && found['host'] === undefined && !path.startsWith('/');
  const decoded = (text: string) => decodeURIComponent(text.replace(/%(?![0-9a-fA-F]{2})/g, '%25'));
  return new Map([
    ['scheme', scheme.toLowerCase()],
    ['host', host],
    ['hostname', host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')],
    ['path', isOpaque ? '' : decoded(path)],
    ['query', query],
    ['opaque', isOpaque ? path : ''],
    ['fragment', decoded(fragment)],
    ['userinfo', userinfo],
  ]);
}

function joined(parts: Dict, { fail }: FunctionContext): string {
  const part = (name: string): string => {
    const value = parts.get(name) ?? '';
    return typeof value === 'string' ? value : fail(`${name} is not text`);
  };
  const [scheme, host, userinfo, opaque, query] = ['scheme', 'host', 'userinfo', 'opaque', 'query'].map(part);
  const path = encodeURI(part('path')).replaceAll('?', '%3F').replaceAll('#', '%23');
  const fragment = encodeURI(part('fragment'));
  const isRooted = path === '' || path.startsWith('/');
  const authority =
    host || userinfo ? `//${userinfo ? `${userinfo}@` : ''}${host}${isRooted ? '' : '/'}` : '';
  const start = `${scheme ? `${scheme}:` : ''}${opaque || `${authority}${path}`}`;
  return `${start}${query ? `?${query}` : ''}${fragment ? `#${fragment}` : ''}`;
}

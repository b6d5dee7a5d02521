import { decimal } from './header-fields.ts';
import { MalformedTar } from './malformed.ts';
import type { TarMember } from './member.ts';
import type { PlainHeader } from './parse-header.ts';
import type { PaxRecord } from './pax-records.ts';

/** The extended headers before a member's own header. */
export interface Extensions {
  /** Records of global headers that apply, then the member's own; for each key, the last record counts. */
  readonly records: readonly PaxRecord[];
  /** The content of GNU's headers `L` and `K`. */
  readonly longName?: string;
  readonly longLink?: string;
}

/** Types whose size is not followed by content: links, devices, directories and pipes. */
const WITHOUT_CONTENT = '123456';

/**
 * Merges the headers of a member: pax headers take precedence over GNU's, and GNU's over the plain header.
 * @throws MalformedTar for an invalid value
 */
export function mergeHeaders(header: PlainHeader, { records, longName, longLink }: Extensions): TarMember {
  const values = lastValues(records);
  const number = (key: string) => {
    const text = values.get(key);
    return text === undefined ? undefined : decimal(text);
  };
  const name = values.get('GNU.sparse.name') ?? values.get('path') ?? longName ?? header.name;
  const size = number('size') ?? header.size;
  // Archives from before 1988 mark directories only by their names.
  const isOldDirectory = header.type === '0' && name.endsWith('/');
  if (isOldDirectory && size > 0) throw new MalformedTar('a directory has content');
  const type = isOldDirectory ? '5' : header.type;
  return {
    ...header,
    name,
    type,
    linkName: values.get('linkpath') ?? longLink ?? header.linkName,
    uid: number('uid') ?? header.uid,
    gid: number('gid') ?? header.gid,
    modified: time(values.get('mtime')) ?? header.modified,
    // Some writers set a size for links and directories, which have no content.
    size: WITHOUT_CONTENT.includes(type) ? 0 : size,
    records,
  };
}

/** Keys that replace fields of the plain header. */
const FIELDS = ['path', 'linkpath', 'size', 'uid', 'gid', 'mtime'];

/** The effective values. An empty field undoes an earlier record (POSIX.1-2024, "pax Extended Header"). */
function lastValues(records: readonly PaxRecord[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of records) {
    if (value === '' && FIELDS.includes(key)) values.delete(key);
    else values.set(key, value);
  }
  return values;
}

function time(text: string | undefined): string | undefined {
  if (text === undefined || /^-?\d{1,12}(?:\.\d{1,12})?$/.test(text)) return text;
  throw new MalformedTar('a time is malformed');
}

import { stat } from 'node:fs/promises';
import type { Contents } from './contents.ts';
import type { Subject } from './subject.ts';

/** A description of one of the two subjects. */
export interface Side {
  readonly name: string;
  readonly kind: Subject['kind'];
  /** Size of a file in bytes; of an image or root, the total size of its files. */
  readonly size?: number;
  /** Digest of an image's manifest. */
  readonly digest?: string;
}

/** When an output directory is compared with something else, its OS image represents it. */
export function systemOf(subject: Subject): Subject {
  if (subject.kind !== 'output') return subject;
  const order = ['oci', 'squashfs', 'iso', 'raw', 'qcow2'];
  const [best] = subject.entries
    .filter(({ id }) => order.includes(id))
    .sort((x, y) => order.indexOf(x.id) - order.indexOf(y.id));
  if (best === undefined) return subject;
  if (best.id !== 'oci') return { name: subject.name, kind: best.id as 'squashfs', path: best.file };
  return { name: subject.name, kind: 'image', reference: { kind: 'oci', path: best.file, tag: undefined } };
}

/** The path of a subject that is a single file. */
export function singleFile(subject: Subject): string | undefined {
  return 'path' in subject && subject.kind !== 'output' && subject.kind !== 'root' ? subject.path : undefined;
}

/** Describes a subject without opening it. */
export async function sideOf(subject: Subject): Promise<Side> {
  const file = singleFile(subject);
  const size = file === undefined ? undefined : (await stat(file)).size;
  return { name: subject.name, kind: subject.kind, ...(size === undefined ? {} : { size }) };
}

/** The digest and size of an opened subject, as far as they are known. */
export function describeContents({ digest }: Contents, size: number): Partial<Side> {
  return { ...(digest === undefined ? {} : { digest }), ...(size > 0 ? { size } : {}) };
}

import { formatSize } from '../../common/text/size-text.ts';
import type { DocumentFacts } from '../inspect/artifact/describe-document.ts';
import type {
  FilesystemFacts,
  Inspection,
  PartitionFacts,
  SignatureFacts,
} from '../inspect/artifact/inspection.ts';
import { type PageLine, renderPage } from './page.ts';
import { systemLines } from './render-system.ts';

/** Names of the types for people. */
const TYPES: Readonly<Record<Inspection['type'], string>> = {
  iso: 'live medium (ISO)',
  disk: 'disk image',
  squashfs: 'root filesystem (squashfs)',
  'slot-image': 'image of a slot',
  filesystem: 'filesystem',
  extension: 'extension',
  image: 'image',
  root: 'root filesystem',
  'build-output': 'output of a build',
  release: 'release',
  document: 'document',
  checksums: 'list of checksums',
  'efi-program': 'program for UEFI',
};

/** Renders the report of `inspect` for people, in 80 columns. */
export function renderInspection(report: Inspection): string {
  const { type, format, size, virtualSize, filesystem, diskGuid, boots, image } = report;
  const { partitions, slots, system, menu, bootPrograms, configs, extension, document } = report;
  const isDisk = virtualSize !== undefined && virtualSize !== size;
  return renderPage([
    { text: report.subject },
    ['kind', `${TYPES[type]}${format === undefined ? '' : `, ${format}`}`],
    [
      'size',
      size === undefined
        ? undefined
        : `${formatSize(size)}${isDisk ? `; the disk ${formatSize(virtualSize)}` : ''}`,
    ],
    ['filesystem', filesystem && filesystemText(filesystem)],
    ['disk GUID', diskGuid],
    ['boots', boots?.join(', ')],
    ...(image === undefined ? [] : imageLines(image)),
    ...Object.entries(extension ?? {}).map(([key, value]): PageLine => [key, value]),
    ['document', document && documentText(document)],
    { title: 'Partitions' },
    ...(partitions ?? []).map((partition): PageLine => ({ text: partitionText(partition) })),
    ...(system === undefined ? [] : [{ title: 'System' }, ...systemLines(system)]),
    ...(slots ?? []).flatMap(({ name, partition, file, size: bytes, filesystem: found, system: inside }) => [
      { title: `Slot ${name}` },
      ['file', `${file} on ${partition}, ${formatSize(bytes)}`] as const,
      ['filesystem', filesystemText(found)] as const,
      ...(isSame(inside, slots?.[0]?.system) && name !== slots?.[0]?.name
        ? [['system', `the same as in slot ${slots?.[0]?.name}`] as const]
        : systemLines(inside)),
    ]),
    { title: 'Boot menu' },
    ...(menu ?? []).map(
      ({ title, id, commandLine }): PageLine => ({
        text: `${title}${id === undefined ? '' : ` (${id})`}: ${commandLine ?? 'boots nothing that was read'}`,
      }),
    ),
    { title: 'Programs for UEFI' },
    ...(bootPrograms ?? []).map(
      ({ path, signed }): PageLine => ({
        text: `${path}: ${signed ? 'has a signature' : 'not signed'}`,
      }),
    ),
    { title: 'Cloud-configs' },
    ...(configs ?? []).map((text): PageLine => ({ text })),
    { title: 'Files' },
    ...(report.members ?? []).map(({ file, kind, size: bytes, listed, signed }): PageLine => {
      const state = [
        kind,
        ...(bytes > 0 ? [formatSize(bytes)] : []),
        ...(listed ? [] : ['not in SHA256SUMS']),
        ...(signed ? ['signed'] : []),
      ];
      return { text: `${file}: ${state.join(', ')}` };
    }),
    { title: 'Documents' },
    ...(report.documents ?? []).map((found): PageLine => ({ text: `${found.file}: ${documentText(found)}` })),
    ...signatureLines(report),
    { title: 'Notes' },
    ...report.notes.map((text): PageLine => ({ text })),
  ]);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Signatures say who vouches only once they are verified. */
function signatureLines({ signatures, bootPrograms, subject, type }: Inspection): PageLine[] {
  const canVerify = !['document', 'efi-program', 'root'].includes(type);
  const isSigned = signatures.length > 0 || bootPrograms?.some(({ signed }) => signed);
  return [
    { title: 'Signatures (not verified)' },
    ...signatures.map((found): PageLine => ({ text: signatureText(found) })),
    ...(signatures.length === 0 ? [{ text: 'none found' }] : []),
    ...(canVerify && isSigned ? [{ text: `Verify: kairos-factory verify ${subject} --key FILE` }] : []),
  ];
}

function imageLines(image: NonNullable<Inspection['image']>): PageLine[] {
  const { storage, digest, indexDigest, platform, layers, labels } = image;
  return [
    ['stored in', storage],
    ['digest', digest],
    ['index', indexDigest],
    ['platform', platform],
    ['layers', String(layers.length)],
    ...Object.entries(labels).map(([key, value]): PageLine => ['label', `${key}=${value}`]),
  ];
}

function filesystemText({ type, label, uuid }: FilesystemFacts): string {
  return [type, ...(label === undefined ? [] : [label]), ...(uuid === undefined ? [] : [uuid])].join(', ');
}

function partitionText({ number, name, start, size, filesystem }: PartitionFacts): string {
  const place = `${formatSize(size)} from ${formatSize(start)}`;
  return `${number} ${name}: ${place}; ${filesystem === undefined ? 'no filesystem' : filesystemText(filesystem)}`;
}

function documentText(found: DocumentFacts): string {
  const { kind, format, packages, builder, subjects, result, passed, failed, by, predicate } = found;
  return [
    `${kind}, ${format}`,
    ...(packages === undefined ? [] : [`${packages} packages`]),
    ...(builder === undefined ? [] : [`by ${builder}`]),
    ...(subjects === undefined ? [] : [`${subjects} subjects`]),
    ...(result === undefined
      ? []
      : [`${result}: ${passed?.length ?? 0} passed, ${failed?.length ?? 0} failed`]),
    ...(by === undefined ? [] : [`by a ${by}`]),
    ...(predicate === undefined ? [] : [predicate]),
  ].join(', ');
}

function signatureText({ form, place, by, predicate }: SignatureFacts): string {
  const how = by === undefined ? '' : ` by a ${by}`;
  return `${form}${how}: ${place}${predicate === undefined ? '' : ` (${predicate})`}`;
}

import { basename } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type ByteView, openFileView } from '../../media/byte-view.ts';
import { openDisk } from '../../media/open-disk.ts';
import { openFilesystem } from '../../media/open-filesystem.ts';
import { readPartitionTable } from '../../media/partition-table.ts';
import { parseSums, SUMS } from '../../signing/output-files.ts';
import { readFilesystemRoot } from '../root/read-filesystem.ts';
import { isSignedProgram } from './boot-programs.ts';
import { describeSystem } from './describe-system.ts';
import { filesystemFacts } from './disk-parts.ts';
import { headOf, isTar } from './identify.ts';
import type { InspectContext } from './inspect-context.ts';
import { inspectDisk } from './inspect-disk.ts';
import { EXTENSION_FILES, extensionRelease, inspectExtension, isExtension } from './inspect-extension.ts';
import { inspectIso } from './inspect-iso.ts';
import type { Inspection } from './inspection.ts';
import { type ArchiveFacts, archiveIn } from './read-archive.ts';
import { readDocument } from './read-document.ts';
import { systemMenu } from './system-menu.ts';
import { SYSTEM_FILES } from './system-selection.ts';
import { unreadFormat } from './unread-format.ts';

type FilePart = Partial<Inspection> & Pick<Inspection, 'type'>;

/** What a file turned out to be: a part of its report, or an archive that is read as an image or a root. */
export type FileFacts = { readonly part: FilePart } | ArchiveFacts;

type FileContext = Pick<InspectContext, 'runner' | 'agents' | 'scratch'> & {
  /** The file as it was given, for messages. */
  readonly name: string;
  readonly note: (text: string) => void;
};

/**
 * Recognises a file by its content, and reads it in place.
 * @throws FactoryError `usage` when it is nothing that is known, `verification` when it is broken
 */
export async function inspectFile(path: string, context: FileContext): Promise<FileFacts> {
  const head = await headOf(path);
  if (isTar(head, path)) return archiveIn(path, head, context);
  const document = await readDocument(path);
  if (document !== undefined) return { part: { type: 'document', document } };
  if (basename(path) === SUMS) {
    const files = parseSums(head.toString('utf8'), context.name);
    return {
      part: {
        type: 'checksums',
        members: files.map(({ name }) => ({
          file: name,
          kind: 'file',
          size: 0,
          listed: true,
          signed: false,
        })),
      },
    };
  }
  const signed = isSignedProgram(head);
  if (signed !== undefined)
    return { part: { type: 'efi-program', bootPrograms: [{ path: basename(path), signed }] } };
  await using file = await openFileView(path, context.name);
  const isIso = file.size > 32774 && (await file.read(32769, 5)).toString('latin1') === 'CD001';
  if (isIso) return { part: await inspectIso(file, context) };
  const { disk, format } = await openDisk(file, head);
  const table = await readPartitionTable(disk);
  if (table !== undefined) {
    const part = isExtension(table)
      ? await inspectExtension(disk, table, context)
      : await inspectDisk(disk, table, context);
    return { part: { format, ...part } };
  }
  const part = await inspectFilesystem(disk, context);
  if (part !== undefined) return { part };
  throw (
    unreadFormat(head, context.name) ??
    new FactoryError('SOURCE_UNSUITABLE', `${context.name} is nothing that this command knows`, {
      remedy: 'Give an artifact, an image, or a folder.',
    })
  );
}

/** Reads a filesystem that fills a file: a squashfs, the image of a slot, or an extension without a partition table. */
async function inspectFilesystem(
  view: ByteView,
  { agents, scratch, note }: FileContext,
): Promise<FilePart | undefined> {
  const found = await openFilesystem(view);
  if (found === undefined) return undefined;
  if ('type' in found) {
    note(`the content of ${found.type} is not read here`);
    return { type: 'filesystem', filesystem: { type: found.type } };
  }
  const { readable } = found;
  const isSquashfs = readable.type === 'squashfs';
  const root = await readFilesystemRoot(readable, SYSTEM_FILES, scratch);
  const filesystem = filesystemFacts(readable);
  const system = await describeSystem(root, agents);
  if (Object.keys(system.release).length === 0 && system.distribution === undefined) {
    const extension = await extensionRelease(await readFilesystemRoot(readable, EXTENSION_FILES, scratch));
    if (Object.keys(extension).length > 0) return { type: 'extension', filesystem, extension };
    return { type: 'filesystem', filesystem };
  }
  const format = 'compression' in readable ? { format: `squashfs, ${readable.compression}` } : {};
  return {
    type: isSquashfs ? 'squashfs' : 'slot-image',
    ...format,
    filesystem,
    system,
    menu: await systemMenu(root.directory),
  };
}

import { appendFileSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../../common/files/digest.ts';
import { putInPlace } from '../../common/files/output-file.ts';
import { systemHost } from '../../common/host/system-host.ts';
import { type ExtensionSpec, extensionFile } from '../artifacts/extensions/extension-spec.ts';
import { makeExtension } from '../artifacts/extensions/make-extension.ts';
import { toolVersion } from './project-files.ts';
import { withSession } from './session.ts';
import { sourceDateEpoch } from './source-date-epoch.ts';
import { openOutput } from './workspace.ts';

/** The report of a finished extension. */
export interface ExtensionReport {
  readonly tool: string;
  readonly kind: ExtensionSpec['kind'];
  readonly name: string;
  /** Absolute path. */
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  readonly arch: string;
  readonly format: string;
  readonly sourceDateEpoch: number;
  readonly files: number;
  /** Root hash of dm-verity in hex. */
  readonly rootHash: string;
  /** sha256 of the signing certificate; absent without a signature. */
  readonly certificateFingerprint?: string;
}

/** Callbacks of {@link buildExtension}. */
export interface ExtensionEvents {
  readonly notice: (text: string) => void;
  /** Called with the path of the log once it exists. */
  readonly onLog: (file: string) => void;
}

/**
 * Builds an extension in an output directory, completely or not at all (docs/decisions/0005-whole-or-not-at-all.md).
 * @throws FactoryError as documented at `makeExtension` and `openOutput`
 */
export async function buildExtension(
  spec: Omit<ExtensionSpec, 'epoch'>,
  directory: string,
  { notice, onLog }: ExtensionEvents,
): Promise<ExtensionReport> {
  const epoch = sourceDateEpoch(process.env['SOURCE_DATE_EPOCH']);
  return withSession(
    async ({ runner, signal, workspace }) => {
      const host = systemHost((level, message) => appendFileSync(workspace.log, `${level}: ${message}\n`));
      const scratch = join(workspace.work, 'extension');
      await mkdir(scratch, { mode: 0o700 });
      const output = await openOutput(directory);
      try {
        const name = extensionFile(spec);
        const partial = output.partial(name);
        const full = { ...spec, epoch: epoch === undefined ? undefined : Number(epoch) };
        const made = await makeExtension(full, partial, { runner, host, signal, scratch, notice });
        const sha256 = await hashFile(partial, signal);
        const { size } = await stat(partial);
        const file = join(output.path, name);
        await putInPlace(partial, file, made.epoch);
        const { certificateFingerprint } = made;
        return {
          tool: toolVersion(),
          kind: spec.kind,
          name: spec.name,
          file,
          size,
          sha256,
          arch: spec.arch,
          format: spec.format,
          sourceDateEpoch: made.epoch,
          files: made.files,
          rootHash: made.rootHash,
          ...(certificateFingerprint === undefined ? {} : { certificateFingerprint }),
        };
      } finally {
        await output.close();
      }
    },
    { onLog },
  );
}

import { randomUUID } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkConformance, type Finding } from '../../common/contract/conformance.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { parseBaseReference } from '../config/base-reference.ts';
import { readyArch } from '../inputs/base/check-arch.ts';
import { importBase } from '../inputs/base/import-base.ts';
import { withEngine } from './engine-session.ts';
import { unlockedImages } from './image-sources.ts';

/**
 * Checks an image or a directory.
 * @param text an image reference, or the path of a directory
 * @param onLog told the path of the log, where there is one
 * @throws FactoryError `usage` when it leads nowhere
 */
export async function checkImage(text: string, onLog: (file: string) => void): Promise<Finding[]> {
  if (await isDirectory(text)) return checkConformance(resolve(directoryPath(text)));
  const reference = parseBaseReference(text, process.cwd());
  if (reference.kind === 'bootstrap') {
    throw new FactoryError('SOURCE_UNSUITABLE', 'there is nothing to check in a bootstrap reference', {
      remedy: 'Give an image.',
    });
  }
  return withEngine(
    async (session) => {
      const { engine, daemon, runner, workspace } = session;
      const scratch = join(workspace.work, 'check');
      await mkdir(scratch);
      const image = `localhost/kairos-factory/check:${randomUUID()}`;
      await using _image = await engine.transient(image);
      const silent = () => undefined;
      await importBase(reference, image, {
        runner,
        engine,
        images: unlockedImages(session),
        daemon,
        scratch,
        arch: await readyArch(reference),
        notice: silent,
        say: silent,
      });
      await using open = await engine.open(image);
      return await checkConformance(open.root);
    },
    { onLog },
  );
}

/** Whether the text names a directory of this machine: `dir:PATH`, or the path itself. */
export async function isDirectory(text: string): Promise<boolean> {
  const stats = await stat(directoryPath(text)).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

function directoryPath(text: string): string {
  return text.startsWith('dir:') ? text.slice('dir:'.length) : text;
}

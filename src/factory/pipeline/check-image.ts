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
 * Checks the conformance of an image or a directory.
 * @param text an image reference, or the path of a directory
 * @param onLog called with the path of the log; a directory has none
 * @throws FactoryError `usage` when the image does not exist
 */
export async function checkImage(text: string, onLog: (file: string) => void): Promise<Finding[]> {
  if (await isDirectory(text)) return checkConformance(resolve(directoryPath(text)));
  const reference = parseBaseReference(text, process.cwd());
  if (reference.kind === 'bootstrap') {
    throw new FactoryError('SOURCE_UNSUITABLE', 'a bootstrap reference cannot be checked', {
      remedy: 'Give an image or a directory.',
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

/** Whether the text names a local directory, as `dir:PATH` or as a path. */
export async function isDirectory(text: string): Promise<boolean> {
  const stats = await stat(directoryPath(text)).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

function directoryPath(text: string): string {
  return text.startsWith('dir:') ? text.slice('dir:'.length) : text;
}

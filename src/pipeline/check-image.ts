import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { importBase } from '../base/import-base.ts';
import { parseReference } from '../base/reference.ts';
import { FactoryError } from '../errors/factory-error.ts';
import { checkConformance, type Finding } from '../rootfs/conformance.ts';
import { withSession } from './session.ts';

/**
 * Checks an image or a directory.
 * @param text an image reference, or the path of a directory
 * @throws FactoryError `usage` when it leads nowhere
 */
export async function checkImage(text: string): Promise<Finding[]> {
  const directory = text.startsWith('dir:') ? text.slice('dir:'.length) : text;
  const stats = await stat(directory).catch(() => undefined);
  if (stats?.isDirectory()) return checkConformance(resolve(directory));
  const reference = parseReference(text, process.cwd());
  if (reference.kind === 'bootstrap') {
    throw new FactoryError('usage', 'there is nothing to check in a bootstrap reference', {
      remedy: 'Give an image.',
    });
  }
  return withSession(async ({ engine, runner, workspace }) => {
    const scratch = join(workspace.work, 'check');
    await mkdir(scratch);
    const image = `localhost/kairos-factory/check:${process.pid}`;
    const silent = () => undefined;
    await importBase(reference, image, {
      runner,
      engine,
      scratch,
      arch: 'amd64',
      notice: silent,
      say: silent,
    });
    await using open = await engine.open(image);
    return await checkConformance(open.root);
  });
}

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseOsRelease } from '../../../common/contract/os-release.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import type { ContainerEngine } from '../../engine/container-engine.ts';
import { type RootTraits, readRootTraits } from '../../image/root/root-traits.ts';

const traits: z.ZodType<RootTraits> = z.object({
  shell: z.boolean(),
  lacksPrograms: z.array(z.object({ name: z.string(), place: z.string() })),
  systemd: z.boolean(),
  openrc: z.boolean(),
  bootLoader: z.boolean(),
  ownLib: z.boolean(),
  lacks: z.array(z.string()),
  newest: z.number(),
});

/** Facts of an image in the engine. */
export const RootFacts = z.object({
  /** Name of the image in the engine. */
  image: z.string(),
  /** `os-release` of its root. */
  osRelease: z.record(z.string(), z.string()),
  traits,
});
export type RootFacts = Readonly<z.output<typeof RootFacts>>;

/**
 * Opens an image of the engine and reads the facts of its root.
 * @param image the image in the engine; `name` names it in messages
 * @param check called with the path of the root before anything is read
 * @throws FactoryError `usage` when the root does not belong to a distribution; errors of `check`
 */
export async function rootFacts(
  engine: Pick<ContainerEngine, 'open'>,
  { image, name }: { readonly image: string; readonly name: string },
  check?: (root: string) => Promise<void>,
): Promise<RootFacts> {
  await using open = await engine.open(image);
  await check?.(open.root);
  const osRelease = await readOsRelease(open.root, name);
  return { image, osRelease, traits: await readRootTraits(open.root) };
}

async function readOsRelease(root: string, name: string): Promise<Record<string, string>> {
  const file =
    (await resolveInRoot(root, '/etc/os-release')) ?? (await resolveInRoot(root, '/usr/lib/os-release'));
  if (file === undefined) {
    throw new FactoryError('BASE_UNSUITABLE', `${name} has neither /etc/os-release nor /usr/lib/os-release`, {
      remedy: 'Give the root filesystem of a distribution, not a directory that contains it.',
    });
  }
  return Object.fromEntries(parseOsRelease(await readFile(file, 'utf8')));
}

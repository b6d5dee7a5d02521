import { copyFile, cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { type BootFiles, findBootFiles } from '../../../common/contract/boot-files.ts';
import { LABEL } from '../../../common/contract/labels.ts';
import { makeSlotImage } from '../../artifacts/slot-image.ts';
import type { Compression } from '../../config/schema.ts';
import { checkTool } from '../../tools/check-tool.ts';
import { MKE2FS } from '../../tools/mke2fs.ts';
import { MKSQUASHFS, mksquashfs } from '../../tools/mksquashfs.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { defineStep, NO_FACTS, type Step } from '../step.ts';
import { imageArch, openOsImage } from './open-os-image.ts';
import { IMAGE_STEP, imageIdentity, osImageFacts } from './os-image-facts.ts';

const SQUASHFS_STEP = { id: 'squashfs', facts: NO_FACTS };
const SLOT_IMAGE_STEP = { id: 'slot-image', facts: NO_FACTS };
const BOOT_STEP = { id: 'boot', facts: NO_FACTS };

type PartEnvironment = Pick<BuildEnvironment, 'engine' | 'runner'>;

/** zstd levels (docs/decisions/0009-one-root-packed-with-zstd.md). */
const LEVEL: Readonly<Record<Compression, number>> = { fast: 3, balanced: 9, small: 18 };

/** The step that packs the rootfs as squashfs, once for all artifacts that contain it. */
export function squashfsStep(env: PartEnvironment, compression: Compression): Step {
  return defineStep(SQUASHFS_STEP, {
    title: `pack rootfs as squashfs (${compression})`,
    needs: [IMAGE_STEP.id],
    tools: [MKSQUASHFS],
    shared: { kind: 'files' },
    inputs: async () => [LEVEL[compression], await checkTool(env.runner, MKSQUASHFS)],
    run: async ({ runner, objects }, results) => {
      const { facts } = osImageFacts(results);
      const file = join(objects, 'rootfs.squashfs');
      await using open = await openOsImage(env, results);
      await mksquashfs(runner, open.root, { output: file, level: LEVEL[compression], epoch: facts.epoch });
      return { facts: {}, files: { squashfs: file } };
    },
  });
}

/** The step that packs the image file of a disk's active slot; the other slots are copies of it. */
export function slotImageStep(env: PartEnvironment): Step {
  return defineStep(SLOT_IMAGE_STEP, {
    title: 'pack rootfs as slot image',
    needs: [IMAGE_STEP.id],
    tools: [MKE2FS],
    shared: { kind: 'files' },
    inputs: async () => [await checkTool(env.runner, MKE2FS)],
    run: async ({ runner, objects }, results) => {
      const { facts } = osImageFacts(results);
      const file = join(objects, 'active.img');
      const identity = `${artifactBaseName(imageIdentity(facts))} ${facts.epoch}`;
      await using open = await openOsImage(env, results);
      await makeSlotImage(runner, open.root, {
        output: file,
        tree: facts.tree,
        label: LABEL.active,
        identity,
        epoch: facts.epoch,
      });
      return { facts: {}, files: { image: file } };
    },
  });
}

/** The step that copies kernel, initramfs and boot loader files from the rootfs. */
export function bootStep(env: Pick<PartEnvironment, 'engine'>): Step {
  return defineStep(BOOT_STEP, {
    title: 'extract kernel and boot files',
    needs: [IMAGE_STEP.id],
    shared: { kind: 'files' },
    inputs: async () => [],
    run: async ({ objects }, results) => {
      await using open = await openOsImage(env, results);
      const { fonts, ...found } = await findBootFiles(open.root, imageArch(osImageFacts(results).facts));
      const files: Record<string, string> = {};
      for (const [name, source] of Object.entries(found) as [keyof BootFiles, string | undefined][]) {
        if (source === undefined) continue;
        files[name] = join(objects, name);
        if (name.endsWith('Modules') || name === 'boardFiles')
          await cp(source, files[name], { recursive: true });
        else await copyFile(source, files[name]);
      }
      for (const font of fonts) {
        const name = `font-${basename(font, '.pf2')}`;
        files[name] = join(objects, basename(font));
        await copyFile(font, files[name]);
      }
      return { facts: {}, files };
    },
  });
}

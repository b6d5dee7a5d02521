import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { machineArch } from '../../../common/contract/architectures.ts';
import { EPOCH_FILE } from '../../../common/contract/system-layout.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { type BaseReference, formatBaseReference } from '../../config/base-reference.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import { text } from '../../image/context/entry.ts';
import { copyOverlay, KEEP_MODES, overlayEntries, removeBuildHome } from '../../image/context/overlay.ts';
import { sealRoot } from '../../image/root/seal.ts';
import { baseTools } from '../../inputs/base/base-tools.ts';
import { readyArch } from '../../inputs/base/check-arch.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { BuildEnvironment, ImportEnvironment } from '../build-environment.ts';
import { treeSignature } from '../digests.ts';
import { defineStep, type Step } from '../step.ts';
import { fingerprint } from './fingerprint.ts';
import { IMAGE_STEP } from './os-image-facts.ts';
import { buildImage, sealImage } from './seal-image.ts';

/**
 * The step that imports an existing OS image into the engine, adds the overlay and checks the image.
 * @throws FactoryError `usage` for a bootstrap reference
 */
export function readyImageStep(
  env: ImportEnvironment & Pick<BuildEnvironment, 'useCache' | 'offline' | 'templates'>,
  spec: Pick<ArtifactsSpec, 'overlayRootfs'>,
  reference: BaseReference,
): Step {
  if (reference.kind === 'bootstrap') {
    throw new FactoryError('SOURCE_UNSUITABLE', 'a bootstrapped root is not an OS image yet', {
      remedy: 'Use "kairos-factory build --base bootstrap:…".',
    });
  }
  const name = formatBaseReference(reference);
  return defineStep(IMAGE_STEP, {
    title: `import OS image ${name}`,
    needs: [],
    tools: baseTools(reference),
    inputs: async () => [
      await fingerprint(env, reference, await readyArch(reference)),
      spec.overlayRootfs === undefined
        ? null
        : [treeSignature(spec.overlayRootfs), readFileSync(join(env.templates, KEEP_MODES), 'utf8')],
    ],
    isCurrent: ({ facts }) => env.engine.has(facts.image),
    run: async (context) => {
      const image = `localhost/kairos-factory/taken:${randomUUID()}`;
      await using _image = await env.engine.transient(image);
      const arch = await readyArch(reference);
      const { engine, images, daemon } = env;
      await importBase(reference, image, { ...context, engine, images, daemon, arch });
      if (spec.overlayRootfs === undefined)
        return await sealImage(env, context, { image, name, seal: sealOwn });
      // Programs of another architecture may need an emulator that this machine does not have.
      const isScripted = arch === machineArch() && (await hasShell(env, image));
      const copied = [...copyOverlay('', { isScripted }), ...(isScripted ? [removeBuildHome] : [])];
      const entries = [
        text('Containerfile', [`FROM ${image}`, 'USER 0', ...copied, ''].join('\n')),
        ...overlayEntries(spec.overlayRootfs, env.templates),
      ];
      await buildImage(env, context, { entries, image, arch });
      return await sealImage(env, context, { image, name });
    },
  });
}

/** Whether scripts can run in an image: whether it has a shell, and its owner could start it. */
async function hasShell({ engine }: Pick<BuildEnvironment, 'engine'>, image: string): Promise<boolean> {
  await using open = await engine.open(image);
  const shell = await resolveInRoot(open.root, '/bin/sh');
  if (shell === undefined) return false;
  const { mode, size } = await stat(shell);
  return (mode & 0o100) !== 0 && size > 0;
}

/**
 * Seals an image that another builder made from our Containerfile; `build` seals an image after the engine, which another
 * builder cannot do. A sealed image and an image of another origin stay unchanged.
 */
async function sealOwn(root: string): Promise<unknown> {
  return (await resolveInRoot(root, EPOCH_FILE)) === undefined ? undefined : sealRoot(root);
}

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LABEL } from '../../../../../src/common/contract/labels.ts';
import { measureTree, stampTree } from '../../../../../src/common/files/walk-tree.ts';
import type { ArtifactContext, ArtifactInputs } from '../../../../../src/factory/artifacts/artifact.ts';
import { makeSlotImage } from '../../../../../src/factory/artifacts/slot-image.ts';
import { NO_BUILDERS } from '../../../../../src/factory/config/buildkit.ts';
import type { ArtifactsSpec } from '../../../../../src/factory/config/schema.ts';
import { plant } from '../../../support/temporary.ts';
import { realRunner } from './runner.ts';

export const EPOCH = 1_700_000_000;

/** Default artifact settings. */
export function artifactsSpec(change: Partial<ArtifactsSpec> = {}): ArtifactsSpec {
  return {
    artifacts: [],
    cloudConfig: undefined,
    overlayRootfs: undefined,
    overlayIso: undefined,
    compression: 'fast',
    ociCompression: 'zstd',
    engine: 'auto',
    buildkit: NO_BUILDERS,
    output: '/nowhere',
    registries: [],
    push: undefined,
    lockFile: '/nowhere/lock',
    disk: { oem: 8, persistent: 16 },
    sbom: false,
    failOn: undefined,
    sizeBudget: undefined,
    prove: undefined,
    builderId: undefined,
    audit: { allow: [] },
    sign: undefined,
    sharedCache: undefined,
    ...change,
  };
}

/** Files of the steps that an artifact needs, by `STEP/NAME`. Files that are not listed are missing from the image. */
export type StepFiles = Readonly<Record<string, string>>;

/** The inputs of an artifact for amd64: Debian, with the given files. */
export function artifactInputs(files: StepFiles, change: Partial<ArtifactInputs> = {}): ArtifactInputs {
  const optionalFile = (step: string, name: string) => files[`${step}/${name}`];
  return {
    facts: {
      epoch: EPOCH,
      tree: { bytes: 1024 * 1024, inodes: 10, newest: EPOCH },
      release: {},
      osId: 'debian',
    },
    digest: () => '0123456789abcdef'.repeat(4),
    optionalFile,
    file: (step, name) => {
      const found = optionalFile(step, name);
      if (found === undefined) throw new Error(`the test gave no ${step}/${name}`);
      return found;
    },
    openRoot: async () => {
      throw new Error('the root is not needed');
    },
    spec: artifactsSpec(),
    arch: 'amd64',
    board: { consoles: ['ttyS0'], arguments: [] },
    templates: resolve('templates'),
    ...change,
  };
}

/** The context of an artifact that nobody listens to. */
export function artifactContext(
  given: Pick<ArtifactContext, 'output' | 'scratch'> & Partial<ArtifactContext>,
): ArtifactContext {
  const { signal } = new AbortController();
  return {
    runner: realRunner(),
    notice: () => undefined,
    hashed: () => undefined,
    companion: (suffix) => `${given.output}${suffix}`,
    signal,
    ...given,
  };
}

/** The boot files of an image that boots from UEFI: each contains its own name. */
export function plantBootFiles(home: string): StepFiles {
  const names = ['kernel', 'initrd', 'shim', 'grub', 'grubLive', 'grubConfig', 'grubMenu'];
  plant(home, Object.fromEntries(names.map((name) => [`boot/${name}`, `this is ${name}\n`])));
  return Object.fromEntries(names.map((name) => [`boot/${name}`, join(home, 'boot', name)]));
}

/** A directory with GRUB's files for BIOS, of which only `boot.img` is usable. */
export function plantBiosModules(home: string): string {
  const names = ['normal', 'linux', 'smbios'];
  plant(home, {
    ...Object.fromEntries(names.map((name) => [`bios/${name}.mod`, name])),
    'bios/boot.img': Buffer.alloc(512, 0xab),
    'bios/boot_hybrid.img': Buffer.alloc(512, 0xcd),
  });
  return join(home, 'bios');
}

/** Builds a real slot image of a root with one file. */
export async function makeTinySlot(
  home: string,
): Promise<{ file: string; tree: ArtifactInputs['facts']['tree'] }> {
  const root = plant(join(home, 'root'), { 'etc/hello': 'hello\n' });
  stampTree(root, EPOCH);
  const file = join(home, 'slot.img');
  const tree = measureTree(root);
  await makeSlotImage(realRunner(), root, {
    output: file,
    tree,
    label: LABEL.active,
    identity: 'test',
    epoch: EPOCH,
  });
  return { file, tree };
}

/** Creates an empty directory below another. */
export function subdirectory(home: string, name: string): string {
  const path = join(home, name);
  mkdirSync(path);
  return path;
}

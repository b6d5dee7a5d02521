import { join } from 'node:path';
import type { ArtifactInputs } from '../../../../../src/factory/artifacts/artifact.ts';
import { raw } from '../../../../../src/factory/artifacts/raw.ts';
import {
  type PartitionPlace,
  readPartitions,
} from '../../../../../src/factory/inspect/diff/partition-table.ts';
import type { Runner } from '../../../../../src/factory/tools/runner.ts';
import { artifactContext, artifactInputs, makeTinySlot, type StepFiles, subdirectory } from './inputs.ts';
import { withoutGrub } from './runner.ts';

/** A raw disk, and the notices that building it gave. */
export interface TestDisk {
  readonly output: string;
  readonly slot: string;
  readonly partitions: readonly PartitionPlace[];
}

/** Builds a raw disk below `home`, from a tiny slot image and the given files. */
export async function makeDisk(
  home: string,
  files: StepFiles,
  options: {
    readonly change?: Partial<ArtifactInputs>;
    readonly notice?: (text: string) => void;
    readonly runner?: Runner;
  } = {},
): Promise<TestDisk> {
  const slot = await makeTinySlot(home);
  const inputs = artifactInputs({ ...files, 'slot-image/image': slot.file }, options.change);
  const output = join(home, 'disk.raw');
  const facts = { ...inputs.facts, tree: slot.tree };
  const { runner = withoutGrub(3000).runner, notice = () => undefined } = options;
  const scratch = subdirectory(home, 'scratch');
  await raw.make({ ...inputs, facts }, artifactContext({ runner, scratch, output, notice }));
  return { output, slot: slot.file, partitions: await readPartitions(output) };
}

/** The offset of a partition in bytes. */
export function startOf({ partitions }: TestDisk, name: string): number {
  const found = partitions.find((partition) => partition.name === name);
  if (found === undefined) throw new Error(`the disk has no partition ${name}`);
  return found.start;
}

import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Artifact, ArtifactContext } from '../../../../../src/factory/artifacts/artifact.ts';
import { artifactContext, artifactInputs, EPOCH } from './inputs.ts';

const MIB = 1024 * 1024;

/** A small disk with data at odd places, zeros that are stored, and holes; `dense` stores all of its zeros. */
export function makeSmallDisk(file: string, { size = 40 * MIB + 512, dense = false } = {}): string {
  const handle = openSync(file, 'w');
  for (const [offset, length] of [
    [0, 512],
    [MIB - 7, 300_000],
    [9 * MIB + 65_536, 65_536],
    [20 * MIB + 1, 5 * MIB],
    [40 * MIB, 512],
  ] as const) {
    if (offset + length > size) continue;
    const bytes = Buffer.alloc(length);
    for (let at = 0, value = offset + 1; at < length; at += 1) {
      value = (value * 1_103_515_245 + 12_345) % 2_147_483_648;
      bytes[at] = value >> 16;
    }
    writeSync(handle, bytes, 0, length, offset);
  }
  writeSync(handle, Buffer.alloc(MIB), 0, MIB, 30 * MIB);
  closeSync(handle);
  truncateSync(file, size);
  if (!dense) return file;
  const bytes = readFileSync(file);
  const copy = openSync(file, 'w');
  writeSync(copy, bytes);
  closeSync(copy);
  return file;
}

/** Makes an artifact of a disk, and expects that what it reported as its sha256 is that. @returns its path */
export async function copyOfDisk(
  artifact: Artifact,
  raw: string,
  { name = 'copy', ...context }: { readonly name?: string } & Partial<ArtifactContext> = {},
): Promise<string> {
  const output = join(raw, '..', `${name}${artifact.extension}`);
  let sha256: string | undefined;
  const hashed = (hex: string) => {
    sha256 = hex;
  };
  const inputs = artifactInputs({ 'artifact:raw/artifact': raw });
  await artifact.make(
    { ...inputs, facts: { ...inputs.facts, epoch: EPOCH } },
    artifactContext({ output, scratch: join(raw, '..'), hashed, ...context }),
  );
  if (sha256 !== undefined) {
    expect(sha256).toBe(createHash('sha256').update(readFileSync(output)).digest('hex'));
  }
  return output;
}

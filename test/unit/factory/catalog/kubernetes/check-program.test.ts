import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkProgram } from '../../../../../src/factory/catalog/kubernetes/check-program.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

/** A program of the host with another machine in its header. */
function elf(machine: number): Buffer {
  const header = Buffer.from(readFileSync(process.execPath).subarray(0, 64));
  header.writeUInt16LE(machine, 18);
  return header;
}

test.each([
  ['a program for amd64', elf(62), 'amd64', undefined],
  ['a program for arm64', elf(183), 'arm64', undefined],
  ['a script', '#!/bin/sh\n', 'amd64', undefined],
  ['a program for another architecture', elf(183), 'amd64', /for arm64, but the image is for amd64/],
  ['a program for a machine that nobody knows', elf(999), 'amd64', /for machine 999/],
  ['a web page', '<html>', 'amd64', /neither ELF nor #!/],
  ['an empty file', '', 'amd64', /neither ELF nor #!/],
])('%s', async (_, content, arch, refusal) => {
  const root = plant(temporaryDirectory(), { program: content });
  const check = () => checkProgram(join(root, 'program'), arch, 'k3s');
  if (refusal === undefined) await expect(check()).resolves.toBeUndefined();
  else expect((await failureOf(check, 'verification')).message).toMatch(refusal);
});

import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import type { Artifact } from './artifact.ts';

/** The root filesystem as a squashfs: the same file as on the ISO. */
export const squashfs: Artifact = {
  kind: 'squashfs',
  extension: '.squashfs',
  needs: ['squashfs'],
  tools: [],
  inputs: () => null,
  make: (inputs, { output }) =>
    copyFile(inputs.file('squashfs', 'squashfs'), output, constants.COPYFILE_FICLONE),
};

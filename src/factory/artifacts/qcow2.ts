import { convertToQcow2, QEMU_IMG } from '../tools/qemu-img.ts';
import type { Artifact } from './artifact.ts';

/** The raw disk as a compressed qcow2. */
export const qcow2: Artifact = {
  kind: 'qcow2',
  extension: '.qcow2',
  needs: ['artifact:raw'],
  tools: [QEMU_IMG],
  inputs: () => null,
  make: (inputs, { runner, output }) =>
    convertToQcow2(runner, inputs.file('artifact:raw', 'artifact'), output),
};

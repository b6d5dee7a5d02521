import type { BuiltinStep } from './builtin-step.ts';

const DIRECTORY = '/etc/iscsi';
const FILE = `${DIRECTORY}/initiatorname.iscsi`;
const PROGRAM = 'iscsi-iname';

/**
 * Names the iSCSI initiator of a node that has one: the image has no name, because every node would share it, and two
 * initiators of one name corrupt a volume. `/etc/iscsi` persists, so each node keeps its name (docs/contract.md 2.6).
 */
export const initiatorNameStep: BuiltinStep = {
  stage: 'fs.before',
  name: 'iSCSI initiator name',
  run: async (host) => {
    if ((await host.stat(DIRECTORY)) === undefined || (await host.stat(FILE))?.size) return;
    if (!(await host.has(PROGRAM))) return;
    const name = (await host.run(PROGRAM, [])).stdout.trim();
    await host.write(FILE, `InitiatorName=${name}\n`, { mode: 0o600 });
  },
};

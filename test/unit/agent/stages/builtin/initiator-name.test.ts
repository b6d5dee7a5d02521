import { expect, test } from 'vitest';
import { initiatorNameStep } from '../../../../../src/agent/stages/builtin/initiator-name.ts';
import { testHost } from '../../support/test-host.ts';

const FILE = '/etc/iscsi/initiatorname.iscsi';

function node(files: Readonly<Record<string, string>>, missing: readonly string[] = []) {
  return testHost({
    files,
    missing,
    run: () => 'iqn.1993-08.org.debian:01:5af1c4d3ed\n',
  });
}

test('gives the initiator of a node a name, which only root may read', async () => {
  await using host = await node({ '/etc/iscsi/iscsid.conf': '' });
  await initiatorNameStep.run(host);
  expect(await host.readText(FILE)).toBe('InitiatorName=iqn.1993-08.org.debian:01:5af1c4d3ed\n');
  expect((await host.stat(FILE))?.mode).toBe(0o600);
});

test('keeps the name of a node; an empty file, as a power cut leaves it, is not a name', async () => {
  await using host = await node({ [FILE]: 'InitiatorName=iqn.own\n' });
  await initiatorNameStep.run(host);
  expect(await host.readText(FILE)).toBe('InitiatorName=iqn.own\n');
  await host.write(FILE, '');
  await initiatorNameStep.run(host);
  expect(await host.readText(FILE)).toContain('iqn.1993-08');
});

test('leaves a node without an initiator alone', async () => {
  await using host = await node({});
  await initiatorNameStep.run(host);
  await using bare = await node({ '/etc/iscsi/iscsid.conf': '' }, ['iscsi-iname']);
  await initiatorNameStep.run(bare);
  expect([await host.stat(FILE), await bare.stat(FILE)]).toEqual([undefined, undefined]);
});

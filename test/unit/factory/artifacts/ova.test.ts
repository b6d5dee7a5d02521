import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ova } from '../../../../src/factory/artifacts/ova.ts';
import { ovfEnvelope } from '../../../../src/factory/artifacts/ovf-envelope.ts';
import { vmdk } from '../../../../src/factory/artifacts/vmdk.ts';
import { tool } from '../../../support/tool.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { copyOfDisk, makeSmallDisk } from './support/copy-of-disk.ts';
import { artifactContext, artifactInputs, EPOCH } from './support/inputs.ts';

const RELEASE = { KAIROS_FLAVOR: 'debian', KAIROS_FLAVOR_RELEASE: '12', KAIROS_VERSION: 'v1.0.0+rc.1' };
const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** An OVA of a small disk, and where it was unpacked. */
async function makeOva(name = 'os') {
  const home = temporaryDirectory();
  const raw = makeSmallDisk(join(home, 'disk.raw'));
  const disk = await copyOfDisk(vmdk, raw);
  const output = join(home, `${name}.ova`);
  const inputs = artifactInputs(
    { 'artifact:raw/artifact': raw, 'artifact:vmdk/artifact': disk },
    { digest: () => sha256(disk) },
  );
  const reported: string[] = [];
  await ova.make(
    { ...inputs, facts: { ...inputs.facts, release: RELEASE } },
    artifactContext({ output, scratch: home, hashed: (hex) => reported.push(hex) }),
  );
  expect(reported).toEqual([sha256(output)]);
  const target = join(home, 'unpacked');
  mkdirSync(target);
  await tool('tar', '-xf', output, '-C', target);
  return { output, disk, raw, target };
}

describe('an OVA', () => {
  test('is a ustar archive with descriptor, manifest and disk, in that order', async () => {
    const { output } = await makeOva();
    const python =
      'import sys,tarfile; t=tarfile.open(sys.argv[1]); print([(m.name,m.mode,m.uid,m.mtime,m.type) for m in t.getmembers()], t.pax_headers)';
    const member = (name: string) => `('${name}', 420, 0, ${EPOCH}, b'0')`;
    expect((await tool('python3', '-c', python, output)).trim()).toBe(
      `[${['kairos.ovf', 'kairos.mf', 'kairos-disk1.vmdk'].map(member).join(', ')}] {}`,
    );
    expect(readFileSync(output).toString('latin1', 257, 265)).toBe('ustar\x0000');
    expect(statSync(output).size % 512).toBe(0);
  });

  test('has a manifest that openssl agrees with', async () => {
    const { target } = await makeOva();
    const names = ['kairos.ovf', 'kairos-disk1.vmdk'];
    const sums = await tool(
      'sh',
      '-c',
      'cd "$1" && shift && openssl dgst -sha256 "$@"',
      'sh',
      target,
      ...names,
    );
    expect(readFileSync(join(target, 'kairos.mf'), 'utf8').trim()).toBe(
      sums.trim().replaceAll('SHA2-256', 'SHA256'),
    );
  });

  test('has the disk, of which the descriptor knows the sizes', async () => {
    const { target, raw, disk } = await makeOva();
    await tool('qemu-img', 'compare', raw, join(target, 'kairos-disk1.vmdk'));
    const text = readFileSync(join(target, 'kairos.ovf'), 'utf8');
    expect(text).toContain(`ovf:size="${statSync(disk).size}"`);
    expect(text).toContain(`ovf:capacity="${statSync(raw).size}"`);
    expect(text).toContain('<Name>kairos-debian-12-');
  });

  test('has the same bytes each time', async () => {
    const [one, other] = [await makeOva('one'), await makeOva('other')];
    expect(readFileSync(one.output).equals(readFileSync(other.output))).toBe(true);
  });
});

/** Prints each element and attribute of a document with its namespace, as Python's parser reads it. */
const OUTLINE = `
import sys, xml.etree.ElementTree as tree
short = {'http://schemas.dmtf.org/ovf/envelope/1': 'ovf', 'http://www.vmware.com/schema/ovf': 'vmw'}
def name(text):
    if not text.startswith('{'): return text
    space, _, local = text[1:].partition('}')
    return short.get(space, space.rsplit('_', 1)[-1].replace('CIM_', '')) + ':' + local
def walk(node, depth):
    attributes = ''.join(' ' + name(key) for key in node.attrib)
    print('  ' * depth + name(node.tag) + attributes)
    for child in node: walk(child, depth + 1)
walk(tree.fromstring(sys.argv[1].encode()), 0)
`;

describe('the descriptor', () => {
  const disk = { file: 'kairos-disk1.vmdk', size: 1000, capacity: 4096 };

  test('has the elements and the order of the standard', async () => {
    const outline = await tool('python3', '-c', OUTLINE, ovfEnvelope({ name: 'os', arch: 'amd64', disk }));
    expect(outline.replaceAll(/ +$/gm, '')).toMatchSnapshot();
  });

  test.each([
    ['amd64', 'otherLinux64Guest'],
    ['arm64', 'arm-other-64'],
  ] as const)('of %s names the guest %s', (arch, guest) => {
    expect(ovfEnvelope({ name: 'os', arch, disk })).toContain(`vmw:osType="${guest}"`);
  });

  test('asks for UEFI and for devices that every kernel of the flavors has drivers for', () => {
    const text = ovfEnvelope({ name: 'os', arch: 'amd64', disk });
    expect(text).toContain('vmw:key="firmware" vmw:value="efi"');
    for (const kernel of ['bookworm', 'bookworm-cloud', 'trixie', 'trixie-cloud']) {
      const modules = readFileSync(`test/fixtures/modules/${kernel}-amd64.txt`, 'utf8');
      expect(modules, kernel).toMatch(/\bvmw_pvscsi\b/);
      expect(modules, kernel).toMatch(/\bvmxnet3\b/);
    }
    expect(text.match(/ResourceSubType>\w+/g)).toEqual([
      'ResourceSubType>VirtualSCSI',
      'ResourceSubType>VmxNet3',
    ]);
  });
});

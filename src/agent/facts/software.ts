import type { Host } from '../../common/host/host.ts';
import type { Facts } from './facts.ts';
import { osRelease } from './os-release.ts';
import { present, readFact, readLinkTarget } from './read.ts';

const ZONES = '/usr/share/zoneinfo/';
/** Kernel names of the architectures. */
const MACHINES: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64', riscv64: 'riscv64' };
/** Hypervisors, by the vendor and product that their firmware reports. */
const HYPERVISORS: readonly (readonly [RegExp, string])[] = [
  [/vmware/i, 'vmware'],
  [/virtualbox|innotek/i, 'virtualbox'],
  [/parallels/i, 'parallels'],
  [/bhyve/i, 'bhyve'],
  [/xen/i, 'xenhvm'],
  [/qemu|kvm|amazon ec2|google compute engine|openstack|rhev|kubevirt/i, 'kvm'],
];

/** Reads the identity of the node. */
export async function readNode(host: Host): Promise<Facts['node']> {
  const [hostname, configured, machineid, dbus, timezone, hypervisor] = await Promise.all([
    readFact(host, '/proc/sys/kernel/hostname'),
    readFact(host, '/etc/hostname'),
    readFact(host, '/etc/machine-id'),
    readFact(host, '/var/lib/dbus/machine-id'),
    readTimezone(host),
    readHypervisor(host),
  ]);
  return present<Facts['node']>({
    hostname: hostname ?? configured,
    // systemd writes this word until the first boot has set an id.
    machineid: machineid === 'uninitialized' ? undefined : (machineid ?? dbus),
    hypervisor,
    timezone,
  });
}

async function readTimezone(host: Host): Promise<string | undefined> {
  const target = (await readLinkTarget(host, '/etc/localtime'))?.replace(/^\.\./, '');
  return target?.startsWith(ZONES) ? target.slice(ZONES.length) : readFact(host, '/etc/timezone');
}

/** Upstream uses the CPUID instruction, which is not available here: the firmware and a CPU flag serve instead. */
async function readHypervisor(host: Host): Promise<string | undefined> {
  const [xen, cpu, vendor, product] = await Promise.all([
    readFact(host, '/sys/hypervisor/type'),
    readFact(host, '/proc/cpuinfo'),
    readFact(host, '/sys/class/dmi/id/sys_vendor'),
    readFact(host, '/sys/class/dmi/id/product_name'),
  ]);
  const name = `${vendor ?? ''} ${product ?? ''}`;
  const known = HYPERVISORS.find(([pattern]) => pattern.test(name))?.[1];
  if (known !== undefined) return known;
  if (name === 'Microsoft Corporation Virtual Machine') return 'hyperv';
  if (xen === 'xen') return 'xenpv';
  return /^flags\s*:.*\bhypervisor\b/m.test(cpu ?? '') ? 'unknown' : undefined;
}

/** Reads the distribution. */
export async function readOs(host: Host): Promise<Facts['os']> {
  const [release, debian] = await Promise.all([osRelease(host), readFact(host, '/etc/debian_version')]);
  const vendor = release.get('ID');
  const name = release.get('PRETTY_NAME');
  return present<Facts['os']>({
    name,
    vendor,
    version: release.get('VERSION_ID'),
    release: vendor === 'debian' ? debian : /[( ](\d[\d.]*)/.exec(name ?? '')?.[1],
    architecture: host.arch,
  });
}

/** Reads the version of the running kernel. */
export async function readKernel(host: Host): Promise<Facts['kernel']> {
  const [release, version] = await Promise.all([
    readFact(host, '/proc/sys/kernel/osrelease'),
    readFact(host, '/proc/sys/kernel/version'),
  ]);
  return present<Facts['kernel']>({ release, version, architecture: MACHINES[host.arch] ?? host.arch });
}

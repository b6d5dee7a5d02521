import type { Host } from '../../common/host/host.ts';
import type { Facts } from './facts.ts';
import { numberOf, present, readFact, readLinkName, readLinkTarget } from './read.ts';

/** Number of 512-byte sectors in 10⁹ bytes. */
const SECTORS_PER_GB = 1_953_125;
/** SCSI device type of a CD drive. */
const OPTICAL = '5';

type Disk = Facts['storage'][number];
type Interface = Facts['network'][number];

/** Reads the disks, without virtual ones such as loop devices, and without floppy and CD drives. */
export async function readStorage(host: Host): Promise<Facts['storage']> {
  const names = await host.list('/sys/block').catch(() => []);
  const disks = await Promise.all(names.map((name) => readDisk(host, name)));
  return disks.filter((disk) => disk !== undefined);
}

async function readDisk(host: Host, name: string): Promise<Disk | undefined> {
  const path = `/sys/block/${name}`;
  const target = await readLinkTarget(host, path);
  if (target === undefined || /\/devices\/(?:virtual|platform\/floppy)/.test(target)) return undefined;
  const [type, model, vendor, size, serial, driver] = await Promise.all([
    readFact(host, `${path}/device/type`),
    readFact(host, `${path}/device/model`),
    readFact(host, `${path}/device/vendor`),
    readFact(host, `${path}/size`),
    readSerial(host, path),
    readLinkName(host, `${path}/device/driver`),
  ]);
  if (type === OPTICAL) return undefined;
  const sectors = numberOf(size);
  return present<Disk>({
    name,
    driver,
    // On virtio this is a PCI vendor number.
    vendor: vendor?.startsWith('0x') ? undefined : vendor,
    model,
    serial,
    size: sectors === undefined ? undefined : Math.floor(sectors / SECTORS_PER_GB),
  });
}

/** The serial number from udev's database, or else from the kernel. */
async function readSerial(host: Host, path: string): Promise<string | undefined> {
  const [number, own, device] = await Promise.all([
    readFact(host, `${path}/dev`),
    readFact(host, `${path}/serial`),
    readFact(host, `${path}/device/serial`),
  ]);
  const udev = number === undefined ? undefined : await readFact(host, `/run/udev/data/b${number}`);
  return /^E:ID_SERIAL_SHORT=(.+)$/m.exec(udev ?? '')?.[1] ?? own ?? device;
}

/** Reads the network interfaces, without virtual ones such as bridges. */
export async function readNetwork(host: Host): Promise<Facts['network']> {
  const names = await host.list('/sys/class/net').catch(() => []);
  const interfaces = await Promise.all(names.map((name) => readInterface(host, name)));
  return interfaces.filter((found) => found !== undefined);
}

/** The port type is absent, because it requires a system call. The speed is that of the link, not the maximum. */
async function readInterface(host: Host, name: string): Promise<Interface | undefined> {
  const path = `/sys/class/net/${name}`;
  const target = await readLinkTarget(host, path);
  if (target === undefined || target.includes('/devices/virtual/')) return undefined;
  const [macaddress, speed, driver] = await Promise.all([
    readFact(host, `${path}/address`),
    readFact(host, `${path}/speed`),
    readLinkName(host, `${path}/device/driver`),
  ]);
  return present<Interface>({ name, driver, macaddress, speed: numberOf(speed) });
}

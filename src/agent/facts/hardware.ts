import type { Host } from '../../common/host/host.ts';
import type { Facts } from './facts.ts';
import { numberOf, present, readFact } from './read.ts';

const DMI = '/sys/class/dmi/id';
const TREE = '/proc/device-tree';
/** A well-formed UUID; some firmware reports a placeholder text instead. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads the machine data of the firmware, or of the device tree on boards without such firmware. */
export async function readDmi(host: Host): Promise<Pick<Facts, 'product' | 'board' | 'chassis' | 'bios'>> {
  const [product, board, chassis, bios] = await Promise.all([
    readProduct(host),
    dmi(host, {
      name: 'board_name',
      vendor: 'board_vendor',
      version: 'board_version',
      serial: 'board_serial',
      assettag: 'board_asset_tag',
    }),
    readChassis(host),
    dmi(host, { vendor: 'bios_vendor', version: 'bios_version', date: 'bios_date' }),
  ]);
  return { product, board, chassis, bios };
}

/** Reads files of the firmware directory; `files` gives the file name of each key. */
async function dmi<K extends string>(
  host: Host,
  files: Readonly<Record<K, string>>,
): Promise<{ [P in K]?: string }> {
  const entries = Object.entries<string>(files).map(async ([key, file]) => [
    key,
    await readFact(host, `${DMI}/${file}`),
  ]);
  return present<{ [P in K]?: string }>(Object.fromEntries(await Promise.all(entries)));
}

async function readProduct(host: Host): Promise<Facts['product']> {
  const { uuid, ...product } = await dmi(host, {
    name: 'product_name',
    vendor: 'sys_vendor',
    version: 'product_version',
    serial: 'product_serial',
    uuid: 'product_uuid',
    sku: 'product_sku',
  });
  const [model, serial] = await Promise.all([
    product.name ?? readFact(host, `${TREE}/model`),
    product.serial ?? readFact(host, `${TREE}/serial-number`),
  ]);
  const known = uuid?.toLowerCase();
  return {
    ...product,
    ...present<Facts['product']>({
      name: model,
      serial,
      uuid: known !== undefined && UUID.test(known) ? known : undefined,
    }),
  };
}

async function readChassis(host: Host): Promise<Facts['chassis']> {
  const { type, ...chassis } = await dmi(host, {
    type: 'chassis_type',
    vendor: 'chassis_vendor',
    version: 'chassis_version',
    serial: 'chassis_serial',
    assettag: 'chassis_asset_tag',
  });
  return { ...chassis, ...present<Facts['chassis']>({ type: numberOf(type) }) };
}

/** Reads the number of processors, cores and threads. */
export async function readCpu(host: Host): Promise<Facts['cpu']> {
  const text = (await readFact(host, '/proc/cpuinfo')) ?? '';
  const packages = new Set<string>();
  const cores = new Set<string>();
  let threads = 0;
  let current = '';
  const first = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value = ''] = /^([^:]+?)\s*:\s*(.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    if (key === 'processor' && /^\d+$/.test(value)) threads++;
    if (key === 'physical id') {
      current = value;
      packages.add(value);
    }
    if (key === 'core id') cores.add(`${current}/${value}`);
    if (!first.has(key)) first.set(key, value);
  }
  const speed = Number.parseFloat(first.get('cpu MHz') ?? '');
  return present<Facts['cpu']>({
    vendor: first.get('vendor_id'),
    model: first.get('model name')?.replace(/ +/g, ' '),
    speed: Number.isFinite(speed) ? Math.round(speed) : undefined,
    cache: numberOf(first.get('cache size')?.replace(/ KB$/, '')),
    cpus: packages.size || undefined,
    cores: cores.size || undefined,
    threads: threads || undefined,
  });
}

/** Reads the memory available to the kernel, in MB. */
export async function readMemory(host: Host): Promise<Facts['memory']> {
  const text = (await readFact(host, '/proc/meminfo')) ?? '';
  const total = numberOf(/^MemTotal:\s+(\d+) kB/m.exec(text)?.[1]);
  return present<Facts['memory']>({ size: total === undefined ? undefined : Math.floor(total / 1024) });
}

import type { Host } from '../../common/host/host.ts';

/** What is on a device, under the names of `lsblk`. */
export interface DeviceContent {
  readonly label?: string | null | undefined;
  readonly partlabel?: string | null | undefined;
  readonly fstype?: string | null | undefined;
  readonly uuid?: string | null | undefined;
}

/**
 * Adds what is on devices to what `lsblk` says about them: it asks udev, and knows nothing on a node without udev, as with OpenRC.
 * There `blkid` looks at each device.
 */
export async function withContents<Found extends { readonly path?: string | null | undefined }>(
  host: Host,
  devices: readonly (Found & DeviceContent)[],
): Promise<(Found & DeviceContent)[]> {
  const isKnown = devices.some(({ label, fstype, partlabel }) => label ?? fstype ?? partlabel);
  if (isKnown || !(await isWithoutUdev(host))) return [...devices];
  const contents = await readContents(host);
  return devices.map((device) => ({ ...device, ...contents.get(device.path ?? '') }));
}

/** Whether no udev runs on this node. */
async function isWithoutUdev(host: Host): Promise<boolean> {
  return (await host.stat('/run/udev/control')) === undefined;
}

async function readContents(host: Host): Promise<ReadonlyMap<string, DeviceContent>> {
  const { stdout } = await host.run('blkid', ['-c', '/dev/null', '-o', 'export'], { allowFailure: true });
  const blocks = stdout.split('\n\n').map((block) => {
    const values = new Map(block.split('\n').map((line) => split(line)));
    const content: DeviceContent = {
      label: values.get('LABEL'),
      partlabel: values.get('PARTLABEL'),
      fstype: values.get('TYPE'),
      uuid: values.get('UUID'),
    };
    return [values.get('DEVNAME') ?? '', content] as const;
  });
  return new Map(blocks);
}

/** `blkid` escapes special characters with a backslash. */
function split(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1).replace(/\\(.)/g, '$1')];
}

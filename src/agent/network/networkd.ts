import { iniFile, type NetworkFile, type Section } from './network-file.ts';
import type { Bond, NetworkInterface, NetworkPlan } from './plan.ts';
import { hardwareAddress } from './split-fields.ts';

/** Before the files of the image, which are 20-dhcp.network and 20-dhcp-legacy.network. */
const PREFIX = '10-kernel';

/** Keys of systemd.netdev(5) for options of the kernel's driver; times are in milliseconds there, too. */
const BOND_KEYS: Readonly<Record<string, readonly [key: string, unit: string]>> = {
  mode: ['Mode', ''],
  miimon: ['MIIMonitorSec', 'ms'],
  updelay: ['UpDelaySec', 'ms'],
  downdelay: ['DownDelaySec', 'ms'],
  arp_interval: ['ARPIntervalSec', 'ms'],
  arp_ip_target: ['ARPIPTargets', ''],
  arp_validate: ['ARPValidate', ''],
  lacp_rate: ['LACPTransmitRate', ''],
  xmit_hash_policy: ['TransmitHashPolicy', ''],
  ad_select: ['AdSelect', ''],
  fail_over_mac: ['FailOverMACPolicy', ''],
  min_links: ['MinLinks', ''],
  primary_reselect: ['PrimaryReselectPolicy', ''],
};

/** Renders a network as files of systemd-networkd and udev (systemd.network(5), systemd.netdev(5), systemd.link(5)). */
export function networkdFiles(plan: NetworkPlan): NetworkFile[] {
  const links = [...new Set([...plan.interfaces.map(({ match }) => match), ...lowerLinks(plan)])];
  return [
    ...plan.names.map(({ name, mac }) =>
      file(name, 'link', [
        ['Match', [`MACAddress=${mac}`]],
        ['Link', [`Name=${name}`]],
      ]),
    ),
    ...plan.vlans.map(({ name, id }) =>
      file(name, 'netdev', [
        ['NetDev', ['Kind=vlan', `Name=${name}`]],
        ['VLAN', [`Id=${id}`]],
      ]),
    ),
    ...plan.bonds.map((bond) =>
      file(bond.name, 'netdev', [
        ['NetDev', ['Kind=bond', `Name=${bond.name}`, mtu(bond)]],
        ['Bond', bondLines(bond)],
      ]),
    ),
    ...plan.bridges.map(({ name }) => file(name, 'netdev', [['NetDev', ['Kind=bridge', `Name=${name}`]]])),
    ...links.map((link) => networkFile(plan, link)),
  ];
}

/** Interfaces that others are made of, which need no address of their own. */
function lowerLinks({ vlans, bonds, bridges }: NetworkPlan): string[] {
  return [...vlans.map(({ link }) => link), ...[...bonds, ...bridges].flatMap(({ members }) => members)];
}

function networkFile(plan: NetworkPlan, link: string | undefined): NetworkFile {
  const own = plan.interfaces.find(({ match }) => match === link);
  const bond = plan.bonds.find(({ members }) => members.includes(link ?? ''));
  const bridge = plan.bridges.find(({ members }) => members.includes(link ?? ''));
  return file(link ?? 'wired', 'network', [
    ['Match', matchLines(link)],
    ['Link', [mtu(own ?? {}), own?.mac !== undefined && `MACAddress=${own.mac}`]],
    [
      'Network',
      [
        own?.automatic !== undefined && `DHCP=${own.automatic}`,
        ...plan.vlans.filter((vlan) => vlan.link === link).map(({ name }) => `VLAN=${name}`),
        bond && `Bond=${bond.name}`,
        bond?.options['primary'] === link && link !== undefined && 'PrimarySlave=yes',
        bridge && `Bridge=${bridge.name}`,
        ...(own?.addresses ?? []).map((address) => `Address=${address}`),
        ...(own?.gateways ?? []).map((gateway) => `Gateway=${gateway}`),
        ...(own?.dns ?? []).map((server) => `DNS=${server}`),
        own === undefined && 'LinkLocalAddressing=no',
      ],
    ],
    // As in the file of the image: the lease stays when the machine gets a new machine-id.
    ['DHCPv4', [own?.automatic !== undefined && 'ClientIdentifier=mac']],
    ...routesOf(own),
  ]);
}

function matchLines(link: string | undefined): string[] {
  if (link === undefined) return ['Type=ether', 'Kind=!*'];
  return [
    hardwareAddress(link) === undefined ? `Name=${link}` : `MACAddress=${link}`,
    ...(hardwareAddress(link) === undefined ? [] : ['Kind=!*']),
  ];
}

function routesOf(own: NetworkInterface | undefined): Section[] {
  return (own?.routes ?? []).map(({ destination, gateway }) => [
    'Route',
    [`Destination=${destination}`, `Gateway=${gateway}`],
  ]);
}

function bondLines({ options }: Bond): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const [key, unit] = BOND_KEYS[name] ?? [];
    return key === undefined
      ? []
      : [`${key}=${name === 'arp_ip_target' ? value.replaceAll(',', ' ') : value}${unit}`];
  });
}

function mtu({ mtu: bytes }: { readonly mtu?: number }): string | false {
  return bytes !== undefined && `MTUBytes=${bytes}`;
}

function file(name: string, kind: string, sections: readonly Section[]): NetworkFile {
  return iniFile(`${PREFIX}-${name.replaceAll(':', '-')}.${kind}`, sections);
}

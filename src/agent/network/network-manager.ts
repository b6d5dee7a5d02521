import { isIPv4 } from 'node:net';
import { iniFile, type NetworkFile, type Section } from './network-file.ts';
import type { NetworkInterface, NetworkPlan } from './plan.ts';
import { hardwareAddress } from './split-fields.ts';

type Line = string | false | undefined;

/** Renders a network as profiles of NetworkManager (nm-settings-keyfile(5)). */
export function networkManagerFiles(plan: NetworkPlan): NetworkFile[] {
  const configured = (name: string) => plan.interfaces.find(({ match }) => match === name);
  const virtual = [...plan.vlans, ...plan.bonds, ...plan.bridges].map(({ name }) => name);
  const members = [...plan.bonds, ...plan.bridges].flatMap(({ name, members: of }) =>
    of.map((member) => ({ member, name })),
  );
  return [
    ...plan.vlans.map(({ name, link, id }) =>
      profile(name, 'vlan', { of: configured(name), sections: [['vlan', [`id=${id}`, `parent=${link}`]]] }),
    ),
    ...plan.bonds.map(({ name, options, mtu }) =>
      profile(name, 'bond', {
        of: configured(name),
        sections: [
          ['bond', Object.entries(options).map(([key, value]) => `${key}=${value}`)],
          ['ethernet', [mtu !== undefined && `mtu=${mtu}`]],
        ],
      }),
    ),
    ...plan.bridges.map(({ name }) => profile(name, 'bridge', { of: configured(name), sections: [] })),
    ...members.map(({ member, name }) => {
      const kind = plan.bonds.some((bond) => bond.name === name) ? 'bond' : 'bridge';
      return iniFile(fileName(member), [
        [
          'connection',
          [
            `id=kernel-${member}`,
            'type=ethernet',
            `interface-name=${member}`,
            `master=${name}`,
            `slave-type=${kind}`,
          ],
        ],
      ]);
    }),
    ...plan.interfaces
      .filter(
        ({ match }) => !virtual.includes(match ?? '') && !members.some(({ member }) => member === match),
      )
      .map((each) => profile(each.match ?? 'wired', 'ethernet', { of: each, sections: [] })),
  ];
}

interface ProfileParts {
  /** How it is configured; without it, only what is made of it has addresses. */
  readonly of: NetworkInterface | undefined;
  readonly sections: readonly Section[];
}

function profile(name: string, type: string, { of, sections }: ProfileParts): NetworkFile {
  const mac = hardwareAddress(name);
  const isNamed = mac === undefined && of?.match !== undefined;
  return iniFile(fileName(name), [
    [
      'connection',
      [`id=kernel-${name}`, `type=${type}`, (isNamed || type !== 'ethernet') && `interface-name=${name}`],
    ],
    ...(type === 'ethernet'
      ? [
          [
            'ethernet',
            [
              mac && `mac-address=${mac}`,
              of?.mac && `cloned-mac-address=${of.mac}`,
              of?.mtu !== undefined && `mtu=${of.mtu}`,
            ],
          ] as const,
        ]
      : []),
    ...sections,
    ['ipv4', family(of, { isOwn: isIPv4, automatic: 'ipv4' })],
    ['ipv6', family(of, { isOwn: (address) => !isIPv4(address), automatic: 'ipv6' })],
  ]);
}

function fileName(name: string): string {
  return `kernel-${name.replaceAll(':', '-')}.nmconnection`;
}

interface Family {
  readonly isOwn: (address: string) => boolean;
  readonly automatic: 'ipv4' | 'ipv6';
}

function family(of: NetworkInterface | undefined, { isOwn, automatic }: Family): Line[] {
  if (of === undefined) return ['method=disabled'];
  const own = (all: readonly string[]) => all.filter((each) => isOwn(each.split('/')[0] ?? ''));
  const addresses = own(of.addresses);
  const isAutomatic = of.automatic === automatic || of.automatic === 'yes';
  const [gateway] = own(of.gateways);
  const dns = own(of.dns);
  return [
    `method=${isAutomatic ? 'auto' : addresses.length > 0 ? 'manual' : 'disabled'}`,
    ...addresses.map((address, index) => `address${index + 1}=${address}`),
    gateway !== undefined && `gateway=${gateway}`,
    dns.length > 0 && `dns=${dns.map((server) => `${server};`).join('')}`,
    ...of.routes
      .filter(({ gateway: via }) => isOwn(via))
      .map(({ destination, gateway: via }, index) => `route${index + 1}=${destination},${via}`),
  ];
}

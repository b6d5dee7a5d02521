/** How addresses are assigned by servers or routers: to IPv4, to IPv6, or to both. */
export type Automatic = 'ipv4' | 'ipv6' | 'yes';

/** A route that is not the default one. */
export interface Route {
  readonly destination: string;
  readonly gateway: string;
}

/** A network interface, and how it is configured. */
export interface NetworkInterface {
  /** A name, or a hardware address with colons; absent for every wired interface. */
  readonly match: string | undefined;
  readonly automatic?: Automatic;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
  readonly routes: readonly Route[];
  readonly mtu?: number;
  /** Hardware address to use. */
  readonly mac?: string;
}

/** A VLAN on an interface. */
export interface Vlan {
  readonly name: string;
  readonly link: string;
  readonly id: number;
}

/** A bond of interfaces, with options of the kernel's driver (Documentation/networking/bonding.rst). */
export interface Bond {
  readonly name: string;
  readonly members: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly mtu?: number;
}

/** A bridge of interfaces. */
export interface Bridge {
  readonly name: string;
  readonly members: readonly string[];
}

/** The network that the kernel command line describes. */
export interface NetworkPlan {
  readonly interfaces: readonly NetworkInterface[];
  readonly vlans: readonly Vlan[];
  readonly bonds: readonly Bond[];
  readonly bridges: readonly Bridge[];
  /** Names of interfaces, by hardware address. */
  readonly names: readonly { readonly name: string; readonly mac: string }[];
  /** Sentences on arguments that cannot be used. */
  readonly problems: readonly string[];
}

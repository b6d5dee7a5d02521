import type { Machine } from './machine.ts';

/** Facts that together show that a machine can be in a cloud. */
type Sign = { readonly [K in keyof Machine]?: RegExp };

/**
 * The signs of each provider of `endpoints.ts`; one is enough. A machine in a cloud that is missed gets no configuration, while
 * one too many costs two seconds: so clouds that serve the interface of another one are in its row.
 */
export const SIGNS: Readonly<Record<string, readonly Sign[]>> = {
  aws: [
    // Nitro and bare metal, amd64 and arm64: systemd, the table of vendors in src/basic/virt.c.
    { vendor: /^Amazon EC2$/ },
    // Xen, HVM: cloud-init, ds-identify, ec2_identify_platform, which compares UUID and serial number because a UUID alone
    // can begin like this by chance. Red Hat Insights, CloudProvider: the version of the BIOS is such as 4.2.amazon.
    { uuid: /^ec2/i, serial: /^ec2/i },
    { biosVersion: /\.amazon$/ },
    // Xen, without DMI: AWS, "Detect whether a host is an EC2 instance".
    { hypervisorUuid: /^ec2/i },
    // Other clouds with this interface, the first four of ec2_identify_platform: Brightbox, ZStack, e24cloud, Outscale.
    { serial: /\.brightbox\.com$/ },
    { assetTag: /\.zstack\.io$/ },
    { vendor: /^e24cloud$/ },
    { vendor: /^3DS Outscale$/ },
    // cloud-init, ds-identify, dscheck_Exoscale; Exoscale, "Cloud-init": /latest/user-data at the same address.
    { product: /^Exoscale/ },
    // Yandex Cloud, "Metadata folders": /latest/user-data. Its kernels log "DMI: Yandex xeon-gold-6338/xeon-gold-6338".
    { vendor: /^Yandex$/ },
  ],
  // cloud-init, ds-identify, dscheck_GCE: the name of the product is not guaranteed.
  gcp: [{ product: /^Google Compute Engine$/ }, { serial: /^GoogleCloud-/ }],
  // cloud-init, ds-identify, is_azure_chassis. Vendor and product are those of any guest of Hyper-V.
  azure: [{ assetTag: /^7783-7084-3265-9085-8269-3286-77$/ }],
  openstack: [
    // cloud-init, ds-identify, dscheck_OpenStack: Nova, and Nova of RDO. The vendor is that of vendor_string in Nova's version.py.
    { product: /^OpenStack (Nova|Compute)$/ },
    { vendor: /^OpenStack Foundation$/ },
    { assetTag: /^(OpenStack (Nova|Compute)|OpenTelekomCloud|SAP CCloud VM|HUAWEICLOUD)$/ },
    // Nova's libvirt driver named itself on amd64 only for years, and ds-identify asks all guests of other architectures.
    // UEFI of QEMU has the vendor QEMU; a board with such a processor has another one.
    { arch: /^arm64$/, vendor: /^QEMU$/ },
    // cloud-init, "Oracle": metadata like those of OpenStack.
    { assetTag: /^OracleCloud\.com$/ },
  ],
  // cloud-init, ds-identify, dscheck_Hetzner.
  hetzner: [{ vendor: /^Hetzner$/ }],
  // Equinix Metal rented out servers of several makers with the DMI of the maker: cloud-init, ds-identify has no check for it. Equinix
  // announced its end for 30 June 2026, so no machine of today depends on being asked unnamed.
  packet: [],
  // cloud-init, ds-identify, dscheck_Vultr: bare metal has the argument only.
  vultr: [{ vendor: /^Vultr$/ }, { commandLine: /(^|\s)vultr(\s|$)/ }],
  // cloud-init, ds-identify, dscheck_DigitalOcean.
  digitalocean: [{ vendor: /^DigitalOcean$/ }],
  // cloud-init, ds-identify, dscheck_Scaleway.
  scaleway: [{ vendor: /^Scaleway$/ }, { commandLine: /(^|\s)scaleway(\s|$)/ }],
  // A service of LinuxKit for one's own servers, found by the name `metaldata` in the DNS of the site; the machine does not show it.
  // Whoever has that name in a strange network would be root on the node, so it has to be named.
  metaldata: [],
};

/** The providers whose clouds this machine can be in, by what it says about itself. */
export function recogniseProviders(machine: Machine): Set<string> {
  const shows = (sign: Sign) =>
    Object.entries(sign).every(([name, pattern]) => pattern.test(machine[name as keyof Machine] ?? ''));
  return new Set(Object.keys(SIGNS).filter((provider) => SIGNS[provider]?.some(shows)));
}

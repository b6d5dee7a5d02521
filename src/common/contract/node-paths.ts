/** Directories and files of a running node (docs/contract.md 1.4, 2.4, 2.8, 3.4). */
export const NODE_PATH = {
  /** Cloud-configs of the image, of the OEM partition and of the persistent partition; settings of the agent. */
  systemOem: '/system/oem',
  oem: '/oem',
  cloudConfig: '/usr/local/cloud-config',
  settings: '/etc/kairos',
  /** The persistent partition, and the files of /etc that it preserves across boots. */
  persistent: '/usr/local',
  keptEtc: '/usr/local/etc',
  /** Variables of the boot menu. */
  grubEnvironment: '/oem/grubenv',
  /** User data of a datasource, and its location for one boot when /oem is not writable. */
  userData: '/oem/95_userdata',
  volatileUserData: '/run/cos/95_userdata',
  /** Configurations that were fetched from a URL during this boot. */
  fetchedConfigs: '/run/cos/config_url',
  /** Identity of the image. */
  release: '/etc/kairos-release',
  /** Sentinels of the initramfs, and mount points of the agent. */
  run: '/run/cos',
  /** What failed in the stages of this boot. */
  stageRecords: '/run/cos/stages.d',
  /** Proxies of the configuration and of the kernel command line, for the agent. */
  proxies: '/run/cos/proxies.env',
  /** Mounts that an installation adds to the layout. */
  customLayout: '/run/cos/custom-layout.env',
  /** A stage creates it to stop an installation. */
  failInstallation: '/run/cos/fail_installation',
  /** Marks a node that needs no administrator. */
  noUsers: '/etc/kairos/.nousers',
  /** Kubernetes services that have been deployed. */
  deployed: '/usr/local/.kairos/deployed',
  /** User and group ids, preserved across upgrades. */
  userRecord: '/usr/local/.kairos/users.json',
  /** The partition of the running system's image. */
  state: '/run/initramfs/cos-state',
  /** The live medium, the root of a live or recovery system, and the recovery system on the medium. */
  liveMedium: '/run/initramfs/live',
  liveRoot: '/run/rootfsbase',
  liveRecovery: '/run/initramfs/live/recovery.squashfs',
} as const;

/** Directories of Kubernetes providers (docs/contract.md 5.8). */
export const PROVIDER_DIRECTORIES = ['/system/providers', '/usr/local/system/providers'] as const;

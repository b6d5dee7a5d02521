/** Directories and files of a running node (docs/contract.md 1.4, 2.4, 2.8, 3.4). */
export const NODE_PATH = {
  /** Cloud-configs of the image, of the OEM partition and of the persistent volume; settings of the agent. */
  systemOem: '/system/oem',
  oem: '/oem',
  cloudConfig: '/usr/local/cloud-config',
  settings: '/etc/kairos',
  /** The persistent volume, and the files of /etc that it keeps over boots. */
  persistent: '/usr/local',
  keptEtc: '/usr/local/etc',
  /** Variables of the boot menu. */
  grubEnvironment: '/oem/grubenv',
  /** User data of a datasource, and where it is for one boot when /oem cannot be written. */
  userData: '/oem/95_userdata',
  volatileUserData: '/run/cos/95_userdata',
  /** What the image says of itself. */
  release: '/etc/kairos-release',
  /** Sentinels of the initramfs; below it the agent mounts partitions. */
  run: '/run/cos',
  /** Mounts that an installation adds to the layout. */
  customLayout: '/run/cos/custom-layout.env',
  /** A stage creates it to stop an installation. */
  failInstallation: '/run/cos/fail_installation',
  /** A node with it needs no administrator. */
  noUsers: '/etc/kairos/.nousers',
  /** Kubernetes services that have been deployed. */
  deployed: '/usr/local/.kairos/deployed',
  /** Numbers of users and groups, kept over upgrades. */
  userRecord: '/usr/local/.kairos/users.json',
  /** The live medium, the root of a live or recovery system, and a recovery system that the medium brings along. */
  liveMedium: '/run/initramfs/live',
  liveRoot: '/run/rootfsbase',
  liveRecovery: '/run/initramfs/live/recovery.squashfs',
} as const;

/** Where providers of the Kubernetes side are looked for (docs/contract.md 5.8). */
export const PROVIDER_DIRECTORIES = ['/system/providers', '/usr/local/system/providers'] as const;

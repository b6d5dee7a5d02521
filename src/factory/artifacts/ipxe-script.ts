/** The files of a system that boots over the network, and how it boots. */
export interface NetbootSystem {
  /** The beginning of the names of its files. */
  readonly name: string;
  /** The SHA-256 of the squashfs, in hex. */
  readonly sha256: string;
  /** Further kernel arguments. */
  readonly line: readonly string[];
  /** File name of a cloud-config, if there is one. */
  readonly config?: string;
}

/**
 * A script for iPXE that boots a system from the directory of the script, wherever that is (ipxe.org, "Scripting"). An iPXE without
 * `cwduri`, such as that of Debian bookworm, loads kernel and initramfs from there, but cannot give the kernel the URL of the root. The initramfs
 * mounts the squashfs only if it has the SHA-256 (docs/boot.md, "Booting over the network"). UEFI needs the name of the initramfs among
 * the arguments.
 */
export function ipxeScript({ name, sha256, line, config }: NetbootSystem): string {
  const args = [
    `initrd=${name}-initrd`,
    `root=live:\${base}${name}.squashfs`,
    `rd.live.sha256=${sha256}`,
    'ip=dhcp',
    'BOOTIF=01-${netX/mac:hexhyp}',
    'netboot',
    'rd.cos.disable',
    'rd.live.overlay.overlayfs',
    'net.ifnames=1',
    ...line,
    ...(config === undefined ? [] : [`kairos.config_url=\${base}${config}`]),
  ];
  return [
    '#!ipxe',
    '# Boots from the directory of this script; set the variable "base" to boot from another one, with a slash at its end.',
    'isset ${base} || set base ${cwduri}',
    'isset ${base} || goto nowhere',
    `echo Loading ${name} from \${base}`,
    `kernel \${base}${name}-kernel ${args.join(' ')}`,
    `initrd \${base}${name}-initrd`,
    'boot',
    ':nowhere',
    'echo This iPXE does not know where the script is from. Set "base" before it: set base http://SERVER/DIRECTORY/',
    'sleep 60',
    'exit 1',
    '',
  ].join('\n');
}

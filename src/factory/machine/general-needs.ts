import { APT_HELPER } from '../tools/apt-helper.ts';
import { ARCH_TEST } from '../tools/arch-test.ts';
import { GZIP, PIGZ, XZ, ZSTD } from '../tools/compressors.ts';
import { COSIGN } from '../tools/cosign.ts';
import { DEBUGFS } from '../tools/debugfs.ts';
import { DNSMASQ } from '../tools/dnsmasq.ts';
import { MAKE_FAT_TOOLS } from '../tools/fat.ts';
import { GRUB_MKIMAGE } from '../tools/grub-mkimage.ts';
import { GRYPE } from '../tools/grype.ts';
import type { HostTool } from '../tools/host-tool.ts';
import { MKE2FS } from '../tools/mke2fs.ts';
import { MKFS_EROFS } from '../tools/mkfs-erofs.ts';
import { MKSQUASHFS } from '../tools/mksquashfs.ts';
import { MMDEBSTRAP } from '../tools/mmdebstrap.ts';
import { OPENSSL } from '../tools/openssl.ts';
import { QEMU } from '../tools/qemu.ts';
import { QEMU_IMG } from '../tools/qemu-img.ts';
import { SETPRIV } from '../tools/setpriv.ts';
import { SGDISK } from '../tools/sgdisk.ts';
import { SSH } from '../tools/ssh.ts';
import { TASKSET } from '../tools/taskset.ts';
import { UNSQUASHFS } from '../tools/unsquashfs.ts';
import { VERITYSETUP } from '../tools/veritysetup.ts';
import { XORRISO } from '../tools/xorriso.ts';
import type { ToolNeed } from './tool-checks.ts';

/** Programs by what a person asks for. */
const USES: readonly (readonly [use: string, tools: readonly HostTool[]])[] = [
  ['build --artifact oci', [ZSTD, GZIP]],
  ['build --artifact squashfs', [MKSQUASHFS]],
  ['build --artifact iso', [XORRISO, GRUB_MKIMAGE, ...MAKE_FAT_TOOLS]],
  ['build --artifact raw', [MKE2FS, DEBUGFS, SGDISK, GRUB_MKIMAGE, ...MAKE_FAT_TOOLS]],
  ['build --artifact qcow2', [QEMU_IMG]],
  ['build --base bootstrap:', [MMDEBSTRAP, APT_HELPER]],
];

/** Programs that most people never need. */
const OTHER_USES: readonly (readonly [use: string, tools: readonly HostTool[]])[] = [
  ['build --base FILE.tar.xz', [XZ]],
  ['build --artifact vhd,vmdk,ova', [QEMU_IMG]],
  ['build --artifact gce', [QEMU_IMG, PIGZ]],
  ['build for another architecture', [ARCH_TEST]],
  ['build --fail-on', [GRYPE]],
  ['sign', [COSIGN]],
  ['boot, prove', [QEMU.amd64, QEMU.arm64]],
  ['sysext, confext', [MKFS_EROFS, VERITYSETUP, OPENSSL]],
  ['diff', [UNSQUASHFS]],
  ['boot --user', [OPENSSL, XORRISO]],
  ['serve-netboot', [DNSMASQ, SETPRIV]],
  ['verify-repro', [TASKSET]],
  ['ssh, rollout, DOCKER_HOST=ssh://…', [SSH]],
];

/** What the program needs in general: for a default build, and for its other commands. */
export function generalNeeds(): ToolNeed[] {
  const needs = (uses: typeof USES, required: boolean) =>
    uses.flatMap(([use, tools]) => tools.map((tool) => ({ tool, neededBy: [use], required })));
  return [...needs(USES, true), ...needs(OTHER_USES, false)];
}

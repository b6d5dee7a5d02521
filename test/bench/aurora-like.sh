#!/bin/sh
# What AuroraBoot does for an ISO: unpack, mksquashfs -b 1M with its default gzip, xorriso.
# aurora-like.sh OCI-LAYOUT WORK
set -eu
layout=$1 work=$2
cd "$work"
mkdir root iso
# The largest blob is the one layer.
layer=$(find "$layout/blobs" -type f -size +1M | head -n 1)
zstd -dc "$layer" | tar -x --numeric-owner --xattrs --xattrs-include='*' -C root
mksquashfs root rootfs.squashfs -noappend -no-progress -quiet -b 1M
cp -L root/boot/vmlinuz iso/kernel
cp root/boot/initrd iso/initrd
truncate -s 8M uefi.img
mkfs.fat -F 16 -s 1 uefi.img >/dev/null
mmd -i uefi.img ::EFI ::EFI/BOOT
mcopy -i uefi.img root/usr/lib/shim/shimx64.efi.signed ::EFI/BOOT/BOOTX64.EFI
mcopy -i uefi.img root/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed ::EFI/BOOT/grubx64.efi
xorriso -report_about WARNING -outdev stdio:out.iso -volid COS_LIVE -joliet on -padding 0 \
  -map iso/kernel /boot/kernel -map iso/initrd /boot/initrd -map rootfs.squashfs /rootfs.squashfs \
  -map uefi.img /boot/uefi.img -append_partition 2 0xef uefi.img >/dev/null 2>&1
openssl dgst -sha256 out.iso >out.iso.sha256

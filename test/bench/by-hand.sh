#!/bin/sh
# The bare tools for squashfs, ISO, raw and qcow2: by-hand.sh BASE.tar CONTEXT WORK
set -eu
base=$1 context=$2 work=$3
export BUILDAH_ISOLATION=chroot LC_ALL=C
buildah() { command buildah --root "$work/images" --runroot "$work/run" --storage-driver overlay "$@"; }

container=$(buildah from scratch)
buildah add -q "$container" "$base" / >/dev/null
buildah commit -q "$container" localhost/bench-base >/dev/null
buildah rm "$container" >/dev/null
buildah build -q --pull-never --no-hosts -t localhost/bench-os "$context" >/dev/null
container=$(buildah from --pull-never localhost/bench-os)
root=$(buildah mount "$container")

cd "$work"
mksquashfs "$root" rootfs.squashfs -noappend -no-progress -quiet -b 1M -comp zstd -Xcompression-level 9
cp --sparse=always rootfs.squashfs out.squashfs
mkdir iso
cp -L "$root/boot/vmlinuz" iso/kernel
cp "$root/boot/initrd" iso/initrd
echo 'configfile /boot/grub2/grub.cfg' >stub.cfg
modules="$root/usr/lib/grub/i386-pc"
grub-mkimage -O i386-pc-eltorito -d "$modules" -p /boot/grub2 -c stub.cfg -o eltorito.img biosdisk iso9660 normal linux search
truncate -s 8M uefi.img
mkfs.fat -F 16 -s 1 uefi.img >/dev/null
mmd -i uefi.img ::EFI ::EFI/BOOT
mcopy -i uefi.img "$root/usr/lib/shim/shimx64.efi.signed" ::EFI/BOOT/BOOTX64.EFI
mcopy -i uefi.img "$root/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed" ::EFI/BOOT/grubx64.efi
xorriso -report_about WARNING -outdev stdio:out.iso -volid COS_LIVE -joliet on -padding 0 \
  -map iso/kernel /boot/kernel -map iso/initrd /boot/initrd -map rootfs.squashfs /rootfs.squashfs \
  -map eltorito.img /boot/eltorito.img -append_partition 2 0xef uefi.img >/dev/null 2>&1

size=$(($(du -sxm "$root" | cut -f1) + 110))
mkdir -p state/cOS state/grub2 recovery/cOS
truncate -s "${size}M" state/cOS/active.img
mke2fs -q -F -t ext2 -d "$root" -L COS_ACTIVE state/cOS/active.img
cp --sparse=always state/cOS/active.img state/cOS/passive.img
tune2fs -L COS_PASSIVE state/cOS/passive.img >/dev/null
cp --sparse=always state/cOS/active.img recovery/cOS/recovery.img
tune2fs -L COS_SYSTEM recovery/cOS/recovery.img >/dev/null
cp "$root/etc/cos/grub.cfg" state/grub2/
state=$((size * 3 + 1000)) recovery=$((size * 2 + 200))
truncate -s $((2 + 64 + 64 + recovery + state + 256 + 1))M out.raw
sgdisk -n "1:0:+1M" -n "2:0:+64M" -n "3:0:+64M" -n "4:0:+${recovery}M" -n "5:0:+${state}M" -n "6:0:+256M" out.raw >/dev/null
at=2
fill() { # MIB [DIRECTORY]
  mke2fs -q -F -t ext4 -E "offset=$((at * 1048576)),lazy_itable_init=0" ${2:+-d "$2"} out.raw "${1}M"
  at=$((at + $1))
}
at=66
fill 64
fill "$recovery" recovery
fill "$state" state
fill 256
qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd out.raw out.qcow2
openssl dgst -sha256 out.squashfs out.iso out.raw out.qcow2 >SHA256SUMS
buildah rm "$container" >/dev/null

#!/bin/sh
# Runs the agent of an OS as on a live medium or an installed node, in a mount namespace that ends with it:
#   unshare --mount run-on-node.sh SQUASHFS SCRATCH DISK CMDLINE COMMAND...
# The root is the squashfs, below an overlay in memory. /dev has no disk but DISK, a loop device: the agent formats what
# it finds by label. /run/next is the same system with another version.
set -eu
squashfs=$1 scratch=$2 disk=$3 cmdline=$4
shift 4
name=${disk#/dev/}

mount -t tmpfs none "$scratch"
cd "$scratch"
mkdir live upper work next-upper next-work root
mount -o loop,ro "$squashfs" live
mount -t overlay -o "lowerdir=live,upperdir=upper,workdir=work" none root
mount -t tmpfs none root/dev
mount -t tmpfs none root/run
mount -t proc none root/proc
mount --rbind /sys root/sys
echo "$cmdline" >cmdline
mount --bind cmdline root/proc/cmdline

# node PATH-BELOW-/sys: the device of that name
node() {
  numbers=$(cat "$1/dev")
  mknod "root/dev/${1##*/}" b "${numbers%:*}" "${numbers#*:}"
}
for device in null zero full random urandom tty loop-control; do cp -a "/dev/$device" root/dev/; done
node "/sys/class/block/$name"
# Without udev, lsblk does not know the types of partitions.
mkdir -p root/run/udev/data
for partition in "/sys/class/block/$name/$name"p*; do
  node "$partition"
  type=$(sfdisk --part-type "$disk" "$(cat "$partition/partition")" | tr '[:upper:]' '[:lower:]')
  printf 'E:ID_PART_ENTRY_TYPE=%s\n' "$type" >"root/run/udev/data/b$(cat "$partition/dev")"
done
# For the images that the agent mounts. One that another program uses now may be free by then.
number=0
while [ "$number" -lt 32 ]; do
  [ -e "root/dev/loop$number" ] || mknod "root/dev/loop$number" b 7 "$number"
  number=$((number + 1))
done

mkdir -p root/run/rootfsbase root/run/next root/run/initramfs/live
mount --bind live root/run/rootfsbase
# A recovery system of its own, as on a live medium that has one: an installation copies it as it is.
cp "$squashfs" root/run/initramfs/live/recovery.squashfs
mount -t overlay -o "lowerdir=live,upperdir=next-upper,workdir=next-work" none root/run/next
sed -i s/v1.2.3/v2.0.0/ root/run/next/etc/kairos-release
printf '#cloud-config\ninstall:\n  no-format: true\nusers:\n- name: tester\n  groups: [admin]\n' >root/run/config.yaml
exec chroot root "$@"

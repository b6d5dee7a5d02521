#!/bin/sh
# Collects in /kairos-collected what another root needs to boot: kernel, modules, firmware, a new initramfs, boot loader.
# Runs inside the image build, in the image given as kernel-from. Reads from its directory:
#   source-date-epoch  the Unix timestamp for the initramfs
#   kairos-agent       the program that makes the initramfs
#   libc               its C library
#   netboot            exists if the image is booted over the network, too
set -eu

here=$(dirname "$0")
out=/kairos-collected
SOURCE_DATE_EPOCH=$(cat "$here/source-date-epoch")
export SOURCE_DATE_EPOCH

refuse() {
  echo "the image of kernel-from $1" >&2
  exit 1
}

# shellcheck source=templates/build/kernel-file.sh
. "$here/kernel-file.sh"
kernels=$(kernels_in_order)
[ -n "$kernels" ] || refuse 'has no kernel: neither /boot nor /lib/modules has one that belongs to a directory of /lib/modules'
kernel=${kernels##* }
if [ -s /usr/lib/kairos/kernel ]; then
  kernel=$(cat /usr/lib/kairos/kernel)
  case " $kernels " in
    *" $kernel "*) ;;
    *) refuse "has no kernel $kernel, which its /usr/lib/kairos/kernel names; it has:$kernels" ;;
  esac
fi

mkdir -p "$out/boot" "$out/modules" "$out/firmware" "$out/boot-loader/usr/lib/kairos"
# The file itself, where its name is a link.
cp -pL "$(kernel_file "$kernel")" "$out/boot/vmlinuz-$kernel"
ln -s "vmlinuz-$kernel" "$out/boot/vmlinuz"
for file in "/boot/config-$kernel" "/boot/System.map-$kernel"; do
  if [ -e "$file" ]; then cp -a "$file" "$out/boot/"; fi
done
depmod -a "$kernel"
cp -a "/lib/modules/$kernel" "$out/modules/"
# Links to the headers and sources on the machine that compiled the kernel are dangling.
rm -f "$out/modules/$kernel/build" "$out/modules/$kernel/source"
if [ -d /lib/firmware ]; then cp -a /lib/firmware/. "$out/firmware/"; fi

# The agent has this path of its C library compiled in.
if [ -d "$here/libc" ] && [ ! -e /usr/lib/kairos/libc ]; then
  mkdir -p /usr/lib/kairos
  ln -sfn "$here/libc" /usr/lib/kairos/libc
fi
if [ ! -s /usr/lib/kairos/kernel ] && [ "$kernels" != " $kernel" ]; then
  echo "the image of kernel-from has the kernels$kernels, and the newest, $kernel, is taken; to take another one, write its name into the file /usr/lib/kairos/kernel of that image" >"$out/boot/kairos-notices"
fi
set -- "$kernel" "$out/boot/initrd" --notices "$out/boot/kairos-notices"
if [ -e "$here/netboot" ]; then set -- "$@" --network "$out/boot/initrd-network"; fi
"$here/kairos-agent" make-initramfs --epoch "$SOURCE_DATE_EPOCH" "$@"
chmod 0644 "$out/boot/initrd"*

for place in /usr/lib/grub /usr/lib/shim /usr/share/grub /usr/share/grub2 /usr/share/efi /boot/efi/EFI; do
  [ -d "$place" ] || continue
  mkdir -p "$out/boot-loader$place"
  cp -a "$place/." "$out/boot-loader$place/"
done
# A signed GRUB looks into the directory of its own distribution.
(
  # shellcheck source=/dev/null
  . /etc/os-release
  echo "$ID" >"$out/boot-loader/usr/lib/kairos/boot-loader-id"
)
# Removes the timestamps of this build.
mark=$(mktemp)
touch -d "@$SOURCE_DATE_EPOCH" "$mark"
find "$out" -newer "$mark" -exec touch -h -d "@$SOURCE_DATE_EPOCH" '{}' +
rm "$mark"

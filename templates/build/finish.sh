#!/bin/sh
# Turns a root with packages and framework into the OS: kernel names, directories, initramfs, services, cleanup.
# Runs inside the image build; everything it reads stands beside it:
#   directories  one absolute path per line, made where missing
#   enable, mask units, one per line
#   kernel-is-there  a file, where kernel and initramfs have come from another image
set -eu

here=$(dirname "$0")
SOURCE_DATE_EPOCH=$(cat /usr/lib/kairos/source-date-epoch)
export SOURCE_DATE_EPOCH

while read -r directory; do
  mkdir -p "$directory"
done <"$here/directories"
chmod 1777 /tmp
chmod 0440 /etc/sudoers.d/90-kairos-admin

# --- kernel and initramfs -----------------------------------------------------------------------------------------
# A kernel from another image comes with its initramfs.
if [ ! -e "$here/kernel-is-there" ]; then
  kernel=
  for candidate in $(find /lib/modules -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V); do
    if [ -e "/boot/vmlinuz-$candidate" ]; then kernel=$candidate; fi
  done
  if [ -z "$kernel" ]; then
    echo "no kernel: /boot has no vmlinuz-* that belongs to a directory of /lib/modules" >&2
    exit 1
  fi
  ln -sfn "vmlinuz-$kernel" /boot/vmlinuz
  rm -f /boot/initrd* /boot/initramfs* /vmlinuz /vmlinuz.old /initrd.img /initrd.img.old
  depmod -a "$kernel"
  # zstd is several times cheaper than gzip and smaller, where the kernel can read it.
  if grep -qx 'CONFIG_RD_ZSTD=y' "/boot/config-$kernel" 2>/dev/null; then
    compress='zstd -3 -q -T0'
  else
    compress='gzip -6 -n'
  fi
  dracut --force --quiet --no-hostonly --reproducible --compress "$compress" /boot/initrd "$kernel"
  chmod 0644 /boot/initrd
fi

# --- services -----------------------------------------------------------------------------------------------------
if command -v systemctl >/dev/null; then
  systemctl set-default multi-user.target
  xargs -r systemctl enable <"$here/enable"
  xargs -r systemctl mask <"$here/mask"
fi

# --- names that the contract's tools look for -----------------------------------------------------------------------
for name in editenv install mkimage; do
  if ! command -v "grub2-$name" >/dev/null && found=$(command -v "grub-$name"); then
    ln -s "$(basename "$found")" "$(dirname "$found")/grub2-$name"
  fi
done

# --- nothing of this build or of one machine stays -----------------------------------------------------------------
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub /var/lib/dbus/machine-id /var/lib/systemd/random-seed
: >/etc/machine-id
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/.pwd.lock
rm -f /var/cache/ldconfig/aux-cache /var/lib/dpkg/status-old /var/lib/dpkg/diversions-old /var/lib/dpkg/statoverride-old
rm -f /var/cache/debconf/*-old
find /var/log -type f -exec rm -f '{}' +
find /var/cache/apt /var/lib/apt/lists /tmp /var/tmp /run -xdev -mindepth 1 -delete 2>/dev/null || true
# The day of the last password change is the day of the build unless a tool knows better.
day=$((SOURCE_DATE_EPOCH / 86400))
if [ -e /etc/shadow ]; then
  awk -F: -v OFS=: -v day="$day" '$3 > day { $3 = day } { print }' /etc/shadow >/etc/shadow.kairos
  cat /etc/shadow.kairos >/etc/shadow
  rm -f /etc/shadow.kairos
fi
rm -rf "${here%/*}"

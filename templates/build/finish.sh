#!/bin/sh
# Turns a root with packages and framework into the OS: kernel names, directories, initramfs, services, cleanup.
# Runs inside the image build; everything it reads stands beside it:
#   directories  one absolute path per line, made where missing
#   enable, mask units, one per line
#   board-files  what a board's firmware reads: a pattern of one file of the root, and its path on the ESP
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
kernel=
for candidate in $(find /lib/modules -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V); do
  # Image is the name of SUSE's for arm64.
  for name in Image vmlinuz; do
    if [ -e "/boot/$name-$candidate" ]; then kernel=$candidate file=$name-$candidate; fi
  done
done
if [ -z "$kernel" ]; then
  echo "no kernel: /boot has no vmlinuz-* or Image-* that belongs to a directory of /lib/modules" >&2
  exit 1
fi
ln -sfn "$file" /boot/vmlinuz
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

# --- files for the firmware of the board ----------------------------------------------------------------------------
while read -r pattern path; do
  file=
  # shellcheck disable=SC2086 # a pattern; with several kernels the last one is the newest
  for candidate in $(printf '%s\n' $pattern | sort -V); do [ ! -f "$candidate" ] || file=$candidate; done
  if [ -z "$file" ]; then
    echo "no $pattern in the image, which the firmware of this board needs: which package has it?" >&2
    exit 1
  fi
  mkdir -p "$(dirname "/usr/lib/kairos/esp/$path")"
  cp "$file" "/usr/lib/kairos/esp/$path"
done <"$here/board-files"
# Packages of firmware lay copies of all that they have where they expect an ESP.
[ ! -s "$here/board-files" ] || rm -rf /boot/firmware

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
find /var/log -type f -delete
find /var/cache/apt /var/lib/apt/lists /tmp /var/tmp /run -xdev -mindepth 1 -delete 2>/dev/null || true
# The day of the last password change is the day of the build unless a tool knows better.
day=$((SOURCE_DATE_EPOCH / 86400))
awk -F: -v OFS=: -v day="$day" '$3 > day { $3 = day } { print }' /etc/shadow >/etc/shadow.kairos
cat /etc/shadow.kairos >/etc/shadow
rm -f /etc/shadow.kairos
rm -rf "${here%/*}"

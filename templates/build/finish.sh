#!/bin/sh
# Turns a root with packages and framework into the OS: kernel names, directories, initramfs, services, cleanup.
# Runs inside the image build; shell and tools may be BusyBox's. Reads from its directory:
#   directories  one absolute path per line, created if missing
#   enable, mask, unmask, disable  systemd units, one per line; those to disable may be missing
#   runlevels    OpenRC services, RUNLEVEL SERVICE per line
#   selinux      disabled, permissive or enforcing
#   board-files  files that a board's firmware reads: a pattern for one file of the root, and its path on the ESP
#   kernel-is-there  exists if kernel and initramfs come from another image
#   installs-nothing  exists if the services are those of the base: others of the flavor may be missing
#   dracut       exists if the image's dracut makes the initramfs
#   netboot      exists if the image is booted over the network, too
# Leaves in /boot/kairos-notices what the person who builds should know; the factory shows and removes it.
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
# shellcheck source=templates/build/kernel-file.sh
. "$here/kernel-file.sh"

# A kernel from another image comes with its initramfs.
if [ ! -e "$here/kernel-is-there" ]; then
  kernels=$(kernels_in_order)
  if [ -z "$kernels" ]; then
    echo "no kernel: /boot has no vmlinuz-* or Image-* that belongs to a directory of /lib/modules" >&2
    exit 1
  fi
  kernel=${kernels##* }
  rm -f /boot/kairos-notices
  if [ -s /usr/lib/kairos/kernel ]; then
    kernel=$(cat /usr/lib/kairos/kernel)
    case " $kernels " in
      *" $kernel "*) ;;
      *)
        echo "/usr/lib/kairos/kernel names the kernel $kernel; the image has:$kernels" >&2
        exit 1
        ;;
    esac
  elif [ "$kernels" != " $kernel" ]; then
    echo "the image has the kernels$kernels and boots $kernel, the newest; to boot another one, write its name into the file /usr/lib/kairos/kernel of an overlay; the others only take space" >>/boot/kairos-notices
  fi
  file=$(kernel_file "$kernel")
  case $file in
    "/boot/vmlinuz-$kernel" | "/boot/Image-$kernel") ;;
    /boot/*)
      # Under its full name, by which its configuration is found.
      for name in vmlinuz config System.map; do
        if [ -e "/boot/$name-${kernel##*-}" ] && [ ! -e "/boot/$name-$kernel" ]; then
          mv "/boot/$name-${kernel##*-}" "/boot/$name-$kernel"
          ln -s "$name-$kernel" "/boot/$name-${kernel##*-}"
        fi
      done
      file=/boot/vmlinuz-$kernel
      ;;
    *)
      # A copy and not a link: boot loaders and the contract look only in /boot.
      cp -p "$file" "/boot/vmlinuz-$kernel"
      if [ -e "/lib/modules/$kernel/config" ]; then cp -p "/lib/modules/$kernel/config" "/boot/config-$kernel"; fi
      file=/boot/vmlinuz-$kernel
      ;;
  esac
  ln -sfn "${file#/boot/}" /boot/vmlinuz
  rm -f /boot/initrd* /boot/initramfs* /vmlinuz /vmlinuz.old /initrd.img /initrd.img.old
  depmod -a "$kernel"
  if [ -e "$here/dracut" ]; then
    if ! command -v dracut >/dev/null; then
      echo "no dracut, which the flavor's initramfs: dracut names; add its packages to the flavor" >&2
      exit 1
    fi
    # If the kernel supports zstd, it is several times cheaper than gzip and gives smaller files.
    compress='gzip -6 -n'
    for config in "/boot/config-$kernel" "/boot/config-${kernel##*-}" "/lib/modules/$kernel/config"; do
      if grep -qx 'CONFIG_RD_ZSTD=y' "$config" 2>/dev/null; then compress='zstd -3 -q -T0'; fi
    done
    dracut --force --quiet --no-hostonly --reproducible --compress "$compress" /boot/initrd "$kernel"
  else
    set -- "$kernel" /boot/initrd --notices /boot/kairos-notices
    if [ -e "$here/netboot" ]; then set -- "$@" --network /boot/initrd-network; fi
    kairos-agent make-initramfs "$@"
  fi
  chmod 0644 /boot/initrd*
fi

# --- files for the firmware of the board ----------------------------------------------------------------------------
while read -r pattern path; do
  file=
  # shellcheck disable=SC2086 # a pattern; of several kernels, the last one is the newest
  for candidate in $(printf '%s\n' $pattern | sort -V); do [ ! -f "$candidate" ] || file=$candidate; done
  if [ -z "$file" ]; then
    echo "the image has no $pattern, which the firmware of this board needs; add the package that contains it" >&2
    exit 1
  fi
  mkdir -p "$(dirname "/usr/lib/kairos/esp/$path")"
  cp "$file" "/usr/lib/kairos/esp/$path"
done <"$here/board-files"
# Firmware packages copy all their files to where they expect an ESP.
[ ! -s "$here/board-files" ] || rm -rf /boot/firmware

# --- services -----------------------------------------------------------------------------------------------------
# has_unit UNIT: whether a package, or a person, has added it.
has_unit() {
  [ -e "/usr/lib/systemd/system/$1" ] || [ -e "/lib/systemd/system/$1" ] || [ -e "/etc/systemd/system/$1" ]
}

if command -v systemctl >/dev/null; then
  systemctl set-default multi-user.target
  # Base images for containers mask units that a machine needs.
  if [ -s "$here/unmask" ]; then xargs -r systemctl unmask <"$here/unmask"; fi
  while read -r unit; do
    # A base to which nothing is added may lack what others have.
    if [ -e "$here/installs-nothing" ] && ! has_unit "$unit"; then continue; fi
    systemctl enable "$unit"
  done <"$here/enable"
  xargs -r systemctl mask <"$here/mask"
  # A package may be missing, and its units with it.
  if [ -s "$here/disable" ]; then
    while read -r unit; do
      if has_unit "$unit"; then systemctl disable "$unit"; fi
    done <"$here/disable"
  fi
fi
if command -v rc-update >/dev/null && [ -s "$here/runlevels" ]; then
  # Base images for containers name the kind of their container, and OpenRC would skip what only machines need.
  if grep -q '^rc_sys=' /etc/rc.conf 2>/dev/null; then
    sed 's/^rc_sys=.*/rc_sys=""/' /etc/rc.conf >/etc/rc.conf.kairos
    cat /etc/rc.conf.kairos >/etc/rc.conf
    rm -f /etc/rc.conf.kairos
  fi
  absent=
  while read -r runlevel service; do
    if [ ! -x "/etc/init.d/$service" ] && [ -e "$here/installs-nothing" ]; then
      absent="$absent $service"
      continue
    fi
    if [ ! -x "/etc/init.d/$service" ]; then
      echo "no service $service for runlevel $runlevel: /etc/init.d does not have it; remove it from the flavor or add its package" >&2
      exit 1
    fi
    rc-update -q add "$service" "$runlevel"
  done <"$here/runlevels"
  if [ -n "$absent" ]; then
    echo "the base has no services$absent, which the flavor starts" >>/boot/kairos-notices
  fi
  # Without udev, drivers are loaded once, when the system starts.
  if [ ! -x /etc/init.d/udev ]; then
    devices=kairos-devices
    if [ -x /etc/init.d/mdev ] && [ -x /etc/init.d/hwdrivers ]; then devices='mdev hwdrivers'; fi
    for service in $devices; do rc-update -q add "$service" sysinit; done
  fi
fi
# BusyBox's init has no units: the logins on the screen and on the serial line are lines in its table.
if [ -f /etc/inittab ] && [ -x /usr/lib/kairos/console ]; then
  sed -e '/^tty1:/d' -e '/^#*ttyS0:/d' /etc/inittab >/etc/inittab.kairos
  echo 'tty1::respawn:/usr/lib/kairos/console tty1' >>/etc/inittab.kairos
  echo 'ttyS0::respawn:/usr/lib/kairos/console ttyS0' >>/etc/inittab.kairos
  cat /etc/inittab.kairos >/etc/inittab
  rm -f /etc/inittab.kairos
fi

# --- SELinux ------------------------------------------------------------------------------------------------------
# The mode is also set on the kernel command line. Container images have no labels, so enforcing it would only stop the
# boot.
mode=disabled
if [ -s "$here/selinux" ]; then mode=$(cat "$here/selinux"); fi
case $mode in
  disabled) ;;
  permissive)
    if [ ! -f /etc/selinux/config ]; then
      echo "SELinux $mode: there is no /etc/selinux/config; add a policy (selinux-policy-targeted) to the packages" >&2
      exit 1
    fi
    ;;
  *)
    echo "SELinux $mode: images carry no labels, and an unlabelled system does not boot in this mode; use permissive or disabled" >&2
    exit 1
    ;;
esac
if [ -f /etc/selinux/config ]; then
  sed "s/^SELINUX=.*/SELINUX=$mode/" /etc/selinux/config >/etc/selinux/config.kairos
  cat /etc/selinux/config.kairos >/etc/selinux/config
  rm -f /etc/selinux/config.kairos
fi

# --- names that the contract's tools look for -----------------------------------------------------------------------
for name in editenv install mkimage; do
  if ! command -v "grub2-$name" >/dev/null && found=$(command -v "grub-$name"); then
    ln -s "$(basename "$found")" "$(dirname "$found")/grub2-$name"
  fi
done

# --- remove traces of this build and of one machine -----------------------------------------------------------------
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub /var/lib/dbus/machine-id /var/lib/systemd/random-seed
: >/etc/machine-id
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/.pwd.lock
rm -f /var/cache/ldconfig/aux-cache /var/lib/dpkg/status-old /var/lib/dpkg/diversions-old /var/lib/dpkg/statoverride-old
rm -f /var/cache/debconf/*-old
find /var/log -type f -exec rm -f '{}' +
for directory in /var/cache/apt /var/lib/apt/lists /tmp /var/tmp /run \
  /var/cache/dnf /var/cache/libdnf5 /var/cache/zypp /var/cache/apk; do
  if [ -d "$directory" ]; then find "$directory" -xdev -mindepth 1 -delete 2>/dev/null || true; fi
done
# Most tools set the day of the last password change to the day of the build.
day=$((SOURCE_DATE_EPOCH / 86400))
if [ -e /etc/shadow ]; then
  awk -F: -v OFS=: -v day="$day" '$3 > day { $3 = day } { print }' /etc/shadow >/etc/shadow.kairos
  cat /etc/shadow.kairos >/etc/shadow
  rm -f /etc/shadow.kairos
fi
rm -rf "${here%/*}"

import { NOTES } from './pod-parts.ts';

/** Bytes of the agent's report that fit into a termination log (4 KiB) with the rest. */
const LARGEST_SUMMARY = 3500;
/** Looks at a node that is still starting, and the seconds between them. */
const LOOKS = 60;
const PAUSE = 5;
/** Seconds that a node may take to go down before it is asked again. */
const GOING_DOWN = 600;

/**
 * Reboots the node unless it has rebooted since the note was made, and reports what it runs then, for `parseReport`. The note is on
 * the disk before the node is asked to reboot, so a second reboot cannot break off the first boot of a new system.
 *
 * It needs `HOST_DIR`, `NODEOP_NOTE`, the process ids of the node, and `nsenter`. `TERMINATION_LOG` and `BOOT_ID` stand for the files
 * of these names in tests.
 */
export const REBOOT_SCRIPT = `set -u
: "\${TERMINATION_LOG:=/dev/termination-log}" "\${BOOT_ID:=/proc/sys/kernel/random/boot_id}"
notes="$HOST_DIR/${NOTES}"
note="$notes/$NODEOP_NOTE"
on_node() { nsenter -i -m -t 1 -- "$@"; }
value() { sed -n "s/^$1=[\\"']\\{0,1\\}\\([^\\"']*\\)[\\"']\\{0,1\\}\\$/\\1/p" "$2" 2>/dev/null | head -n 1; }

boot=$(cat "$BOOT_ID") || exit 1
if [ ! -s "$note.boot" ]; then
  mkdir -p "$notes" && printf '%s\\n' "$boot" >"$note.boot.new" && sync && mv "$note.boot.new" "$note.boot" && sync || exit 1
fi
before=$(cat "$note.boot") || exit 1
if [ "$before" = "$boot" ]; then
  on_node reboot
  # The kubelet starts this container again when the node is back.
  sleep ${GOING_DOWN}
  exit 1
fi

looks=0
while :; do
  manager=$(on_node systemctl is-system-running 2>/dev/null)
  summary=$(on_node kairos-agent state summary --json 2>/dev/null) || summary=
  summary=$(printf '%s' "$summary" | tr '\\n' ' ' | tr -s ' ')
  starting=no
  case "$manager" in initializing|starting) starting=yes ;; esac
  case "$summary" in *'"outcome": "booting"'*) starting=yes ;; esac
  looks=$((looks + 1))
  if [ "$starting" = no ] || [ "$looks" -ge ${LOOKS} ]; then break; fi
  sleep ${PAUSE}
done
[ "\${#summary}" -le ${LARGEST_SUMMARY} ] || summary=

slot=unknown
for name in active passive recovery; do
  if [ -e "$HOST_DIR/run/cos/\${name}_mode" ]; then slot=$name; fi
done
{
  echo "before=$before"
  echo "boot=$boot"
  echo "booted=$(sed -n 's/^btime //p' /proc/stat)"
  echo "manager=$manager"
  echo "slot=$slot"
  echo "version=$(value KAIROS_VERSION "$HOST_DIR/etc/kairos-release")"
  echo "expected=$(value version "$note.done")"
  echo "evidence=$(value evidence "$note.done")"
  echo "$summary"
} >"$TERMINATION_LOG"
`;

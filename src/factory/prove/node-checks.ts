/** What a system in a machine is asked. Each script prints its finding; an exit status other than 0 is a failure. */
export interface NodeCheck {
  readonly name: string;
  readonly script: string;
  /** Only systems that were started from a disk have the property. */
  readonly installed?: true;
}

/** The checks of every boot. */
export const NODE_CHECKS: readonly NodeCheck[] = [
  {
    name: 'init reports a healthy system',
    // `degraded` is a failure: the failed units are named.
    script: `if [ -d /run/systemd/system ]; then
  state=$(systemctl is-system-running --wait)
  systemctl --failed --plain --no-legend
  echo "$state"
  [ "$state" = running ]
elif command -v rc-status >/dev/null 2>&1; then
  crashed=$(rc-status --crashed)
  echo "$crashed"
  [ -z "$crashed" ]
else
  echo "process 1 is $(cat /proc/1/comm)"
fi`,
  },
  {
    name: 'the root is read-only',
    installed: true,
    script: `if touch /kairos-proof 2>/dev/null; then echo 'a file could be made in /'; exit 1; fi; echo 'read-only'`,
  },
  {
    name: 'the system says which image it is',
    script: '. /etc/kairos-release && [ -n "$KAIROS_VERSION" ] && echo "$KAIROS_VERSION"',
  },
  {
    name: 'the agent runs',
    script: 'kairos-agent version',
  },
  {
    name: 'the partitions have the labels of the contract',
    installed: true,
    script: `for label in COS_OEM COS_STATE COS_RECOVERY COS_PERSISTENT; do
  blkid -L "$label" 2>/dev/null || blkid | grep -F "LABEL=\\"$label\\"" || { echo "$label is missing"; exit 1; }
done`,
  },
  {
    name: 'persistent data can be written',
    installed: true,
    script:
      'echo kept >/usr/local/.kairos-proof && cat /usr/local/.kairos-proof && rm /usr/local/.kairos-proof',
  },
];

/** Prints the mode in which the system was started: `active`, `passive`, `recovery` or `live` (docs/contract.md 2.5). */
export const MODE_SCRIPT = 'for file in /run/cos/*_mode; do file=${file##*/}; echo "${file%_mode}"; done';

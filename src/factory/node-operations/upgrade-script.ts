import { SLOT_ORIGIN } from '../../common/contract/partition-files.ts';
import { quoteWord } from '../../common/text/shell-word.ts';
import { EVIDENCE_MOUNT } from './operation-job.ts';
import { NOTES } from './pod-parts.ts';
import type { NodeOpUpgradeSpec } from './schema.ts';

/** Files that the container runtime lays over those of the image. */
const NOT_OF_THE_IMAGE = ['/etc/hostname', '/etc/hosts'];

/** Prints the value of a variable of a release file. */
const VALUE = `value() { sed -n "s/^$1=[\\"']\\{0,1\\}\\([^\\"']*\\)[\\"']\\{0,1\\}\\$/\\1/p" "$2" 2>/dev/null | head -n 1; }`;

/** Prints version and Kubernetes version of the system in a tree; nothing when it does not say. */
const VERSION = `${VALUE}
version_of() {
  for file in "$1/etc/kairos-release" "$1/etc/os-release"; do
    version=$(value KAIROS_VERSION "$file")
    if [ -n "$version" ]; then
      echo "$version-$(value KAIROS_SOFTWARE_VERSION_PREFIX "$file")$(value KAIROS_SOFTWARE_VERSION "$file")"
      return
    fi
  done
}`;

/**
 * Skips a node that runs the image already. A node that noted the digest of its system is judged by that, and by the slot that runs;
 * any other by its version, as upstream does.
 */
export function upgradePreflightScript(digests: readonly string[]): string {
  return `set -u
: "\${TERMINATION_LOG:=/dev/termination-log}" "\${IMAGE_ROOT:=}"
${VERSION}
digest=$(sed -n 's/^  "digest": "\\(sha256:[0-9a-f]*\\)".*/\\1/p' "$HOST_DIR/${SLOT_ORIGIN}" 2>/dev/null | head -n 1)
if [ -n "$digest" ]; then
  if [ -e "$HOST_DIR/run/cos/active_mode" ]; then
    case "$digest" in
      ${digests.join(' | ')}) echo "node runs $digest already" >"$TERMINATION_LOG" ;;
    esac
  fi
  exit 0
fi
image=$(version_of "$IMAGE_ROOT")
node=$(version_of "$HOST_DIR")
echo "node: \${node:-unknown}, image: \${image:-unknown}"
if [ -n "$node" ] && [ "$node" = "$image" ]; then
  echo "node is already at $image" >"$TERMINATION_LOG"
fi
exit 0
`;
}

/**
 * Upgrades the node to the system that the container is. What it did is noted on the node, so a container that is started again does
 * nothing: a second upgrade before the reboot would cost the node the system that it can fall back to.
 *
 * An agent that knows \`--evidence\` verifies, before it writes anything, that the tree is that of the digest, and the signatures by the
 * node's policy; and it notes the digest.
 * @param pinned \`REGISTRY/NAME@DIGEST\`
 */
export function upgradeScript(
  spec: Pick<NodeOpUpgradeSpec, 'upgradeActive' | 'upgradeRecovery' | 'debug' | 'excludePaths'>,
  pinned: string,
): string {
  const { upgradeActive, upgradeRecovery, debug, excludePaths = [] } = spec;
  const excluded = [...NOT_OF_THE_IMAGE, ...excludePaths];
  const exclude = excluded.map((path) => `--exclude-path ${quoteWord(path)}`).join(' ');
  const agent = debug ? 'kairos-agent --debug' : 'kairos-agent';
  const upgrade = (flags: string) => `${agent} upgrade${flags} --source dir:/ "$@" ${exclude}`;
  const commands = [
    ...(upgradeRecovery ? [upgrade(' --recovery')] : []),
    ...(upgradeActive || !upgradeRecovery ? [upgrade('')] : []),
  ];
  return `set -eu
${VALUE}
notes="$HOST_DIR/${NOTES}"
note="$notes/$NODEOP_NOTE"
if [ -e "$note.done" ]; then
  echo "the upgrade was written before"
  exit 0
fi
evidence=no
set --
if [ -d ${EVIDENCE_MOUNT} ] && kairos-agent upgrade --help 2>/dev/null | grep -q -e --evidence; then
  evidence=yes
  # The node's /run covers the one of the container, and the files in it.
  at="/run/kairos-evidence-$NODEOP_NOTE"
  rm -rf "$HOST_DIR$at"
  cp -rL ${EVIDENCE_MOUNT} "$HOST_DIR$at"
  set -- --image ${quoteWord(pinned)} --evidence "$at"
fi
mount --rbind "$HOST_DIR/dev" /dev
mount --rbind "$HOST_DIR/run" /run
${commands.join('\n')}
mkdir -p "$notes"
printf 'evidence=%s\\nversion=%s\\n' "$evidence" "$(value KAIROS_VERSION /etc/kairos-release)" >"$note.done.new"
sync
mv "$note.done.new" "$note.done"
sync
rm -rf "/run/kairos-evidence-$NODEOP_NOTE"
`;
}

import { bundleName, SUMS } from '../../signing/output-files.ts';
import { type Html, html } from './html.ts';
import { command, shellWord } from './page-parts.ts';
import type { Release, ReleaseFile, ReleaseTarget, Role } from './schema.ts';

/** How to tell that a download is what was released. */
export function verifyGuide(isSigned: boolean): Html {
  const check = `sha256sum --check --ignore-missing ${SUMS}`;
  const cosign = `cosign verify-blob --key release.pub --bundle ${bundleName(SUMS)} --insecure-ignore-tlog=true ${SUMS}`;
  return html`<section class="card" aria-labelledby="verify">
<h3>Checksums</h3>
<p>Download <a href="./${SUMS}">${SUMS}</a> into the same directory. It has a line for every file, and of an image layout for its index, which pins the rest.</p>
${command('how-sums', check, 'command')}
<h4>Signature</h4>
${
  isSigned
    ? html`<p>Checksums tell of damage; the signature tells who made them. Get the public key from the publisher by another way than this page, and verify the list of checksums before you go by it. With <a href="./${bundleName(SUMS)}">${bundleName(SUMS)}</a> beside it:</p>
${command('how-signature', cosign, 'command')}
<p>The option that names the transparency log is for keys that are used without one. If the publisher signs without a key, give <code>--certificate-identity</code> and <code>--certificate-oidc-issuer</code> in place of <code>--key</code>. Whoever has verified the list needs no signature of a single file; that of a file above 1 GiB is a statement with its checksum, for <code>kairos-factory verify</code>.</p>`
    : html`<p class="warn">This release is not signed: checksums tell of damage on the way, and not who made the files.</p>`
}
</section>
`;
}

interface Way {
  readonly role: Role;
  readonly title: string;
  readonly text: string;
  readonly lines: (file: string) => string;
}

const WAYS: readonly Way[] = [
  {
    role: 'iso',
    title: 'Install from a USB stick or a CD',
    text: 'Write the ISO to a stick and boot from it; /dev/sdX is the stick, and loses all that is on it. The console tells how to go on.',
    lines: (file) => `sudo dd if=${file} of=/dev/sdX bs=4M conv=fsync status=progress`,
  },
  {
    role: 'raw',
    title: 'Write a disk',
    text: 'The disk image has the installed layout: it boots into the system at once, and takes the whole disk with its first boot. /dev/sdX is the disk, and loses all that is on it.',
    lines: (file) => `sudo dd if=${file} of=/dev/sdX bs=4M conv=fsync status=progress`,
  },
  {
    role: 'qcow2',
    title: 'Start a virtual machine',
    text: 'An overlay keeps the download as it is.',
    lines: (file) =>
      `qemu-img create -f qcow2 -F qcow2 -b ${file} node.qcow2 20G\nkairos-factory boot node.qcow2`,
  },
];

/** How to install and upgrade, as far as the files of the release allow it. */
export function installGuide({ targets }: Release): Html {
  const ways = WAYS.flatMap(({ role, title, text, lines }) => {
    const file = firstFile(targets, role);
    if (file === undefined) return [];
    return [
      html`<h3>${title}</h3><p>${text}</p>${command(`how-${role}`, lines(shellWord(file.name)), 'command')}`,
    ];
  });
  const upgrade = upgradeGuide(targets);
  const all = [...ways, ...(upgrade ? [upgrade] : [])];
  if (all.length === 0) return html``;
  const several = targets.length > 1;
  return html`<h2 id="install">Install and upgrade</h2>
${several && html`<p>The commands name files of one target; those of the others are called after them.</p>`}
${all.map((way) => html`<section class="card">${way}</section>\n`)}`;
}

function firstFile(targets: readonly ReleaseTarget[], role: Role): ReleaseFile | undefined {
  return targets.flatMap(({ files }) => files).find((file) => file.role === role);
}

function upgradeGuide(targets: readonly ReleaseTarget[]): Html | undefined {
  const pushed = targets.flatMap(({ image }) => (image?.reference === undefined ? [] : [image]));
  const [first] = pushed;
  if (first !== undefined) {
    const line = `kairos-agent upgrade --source oci:${first.reference}@${first.digest} --reboot`;
    return html`<h3>Upgrade a node</h3><p>On the node, as root. The digest is that of the image of this release, whatever the registry calls it.</p>${command('how-upgrade', line, 'command')}`;
  }
  const layout = firstFile(targets, 'oci');
  if (layout === undefined) return undefined;
  const directory = shellWord(layout.name.replace(/\/index\.json$/, ''));
  const lines = `skopeo copy oci:${directory} docker://registry.example.com/os:new\nkairos-agent upgrade --source oci:registry.example.com/os:new --reboot`;
  return html`<h3>Upgrade a node</h3><p>Copy the OS image, with the directory of its layout as a whole, to a registry that the node reaches; then, on the node and as root, upgrade to it.</p>${command('how-upgrade', lines, 'commands')}`;
}

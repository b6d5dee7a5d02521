import { bundleName, SUMS } from '../../signing/output-files.ts';
import { type Html, html } from './html.ts';
import { command, shellWord } from './page-parts.ts';
import type { Release, ReleaseFile, ReleaseTarget, Role } from './schema.ts';

/** Renders how to verify a download: against the checksums and, for a signed release, against the signature. */
export function verifyGuide({ isSigned }: { readonly isSigned: boolean }): Html {
  const check = `sha256sum --check --ignore-missing ${SUMS}`;
  const cosign = `cosign verify-blob --key release.pub --bundle ${bundleName(SUMS)} --insecure-ignore-tlog=true ${SUMS}`;
  return html`<section class="card" aria-labelledby="verify">
<h3>Checksums</h3>
<p>Download <a href="./${SUMS}">${SUMS}</a> into the same directory. It lists every file. For an image layout it lists only the index, which pins all other files of the layout.</p>
${command('how-sums', check, 'command')}
<h4>Signature</h4>
${
  isSigned
    ? html`<p>Checksums detect damage; the signature shows who made the list. Get the publisher’s public key from a source other than this page, and verify the list of checksums before you rely on it. Put <a href="./${bundleName(SUMS)}">${bundleName(SUMS)}</a> into the same directory:</p>
${command('how-signature', cosign, 'command')}
<p><code>--insecure-ignore-tlog</code> is for signatures that are not in a transparency log. If the publisher uses keyless signing, give <code>--certificate-identity</code> and <code>--certificate-oidc-issuer</code> instead of <code>--key</code>. Once you have verified the list, you do not need the signatures of single files. The signature of a file above 1 GiB covers a statement with its checksum; check it with <code>kairos-factory verify</code>.</p>`
    : html`<p class="warn">This release is not signed: checksums detect damage in transit, but do not show who made the files.</p>`
}
</section>
`;
}

interface InstallMethod {
  readonly role: Role;
  readonly title: string;
  readonly text: string;
  readonly lines: (file: string) => string;
}

const INSTALL_METHODS: readonly InstallMethod[] = [
  {
    role: 'iso',
    title: 'Install from a USB stick or CD',
    text: 'Write the ISO to a USB stick and boot from it, then follow the instructions on the console. Replace /dev/sdX with the device of the stick: all data on it is lost.',
    lines: (file) => `sudo dd if=${file} of=/dev/sdX bs=4M conv=fsync status=progress`,
  },
  {
    role: 'raw',
    title: 'Write a disk image',
    text: 'The image holds an installed system: it boots without an installation, and grows to the size of the disk at its first boot. Replace /dev/sdX with the disk: all data on it is lost.',
    lines: (file) => `sudo dd if=${file} of=/dev/sdX bs=4M conv=fsync status=progress`,
  },
  {
    role: 'qcow2',
    title: 'Start a virtual machine',
    text: 'The overlay leaves the downloaded file unchanged.',
    lines: (file) =>
      `qemu-img create -f qcow2 -F qcow2 -b ${file} node.qcow2 20G\nkairos-factory boot node.qcow2`,
  },
  {
    role: 'vhd',
    title: 'Make an image in Azure',
    text: 'The VHD is uploaded as a page blob. Replace ACCOUNT, CONTAINER and GROUP with your own.',
    lines: (file) =>
      `az storage blob upload --account-name ACCOUNT --container-name CONTAINER --type page --name os.vhd --file ${file}\naz image create --resource-group GROUP --name os --os-type Linux --hyper-v-generation V2 --source https://ACCOUNT.blob.core.windows.net/CONTAINER/os.vhd`,
  },
  {
    role: 'gce',
    title: 'Make an image in Google Compute Engine',
    text: 'Replace BUCKET with your own.',
    lines: (file) =>
      `gcloud storage cp ${file} gs://BUCKET/\ngcloud compute images create os --source-uri gs://BUCKET/${file} --guest-os-features UEFI_COMPATIBLE,VIRTIO_SCSI_MULTIQUEUE,GVNIC`,
  },
  {
    role: 'ova',
    title: 'Import a virtual machine into vSphere',
    text: 'The web client has the same under “Deploy OVF Template”. Set GOVC_URL to your server.',
    lines: (file) => `govc import.ova ${file}`,
  },
];

/** Renders the install and upgrade methods that the files of the release allow; empty when there are none. */
export function installGuide({ targets }: Release): Html {
  const methods = INSTALL_METHODS.flatMap(({ role, title, text, lines }) => {
    const file = firstFile(targets, role);
    if (file === undefined) return [];
    return [
      html`<h3>${title}</h3><p>${text}</p>${command(`how-${role}`, lines(shellWord(file.name)), 'command')}`,
    ];
  });
  const upgrade = upgradeGuide(targets);
  const all = upgrade ? [...methods, upgrade] : methods;
  if (all.length === 0) return html``;
  const several = targets.length > 1;
  return html`<h2 id="install">Install and upgrade</h2>
${several && html`<p>The commands use the files of one target; replace the file names for the other targets.</p>`}
${all.map((method) => html`<section class="card">${method}</section>\n`)}`;
}

function firstFile(targets: readonly ReleaseTarget[], role: Role): ReleaseFile | undefined {
  return targets.flatMap(({ files }) => files).find((file) => file.role === role);
}

function upgradeGuide(targets: readonly ReleaseTarget[]): Html | undefined {
  const pushed = targets.flatMap(({ image }) => (image?.reference === undefined ? [] : [image]));
  const [first] = pushed;
  if (first !== undefined) {
    const line = `kairos-agent upgrade --source oci:${first.reference}@${first.digest} --reboot`;
    return html`<h3>Upgrade a node</h3><p>Run this on the node as root. The digest pins the image of this release, even when the tag moves.</p>${command('how-upgrade', line, 'command')}`;
  }
  const layout = firstFile(targets, 'oci');
  if (layout === undefined) return undefined;
  const directory = shellWord(layout.name.replace(/\/index\.json$/, ''));
  const lines = `skopeo copy oci:${directory} docker://registry.example.com/os:new\nkairos-agent upgrade --source oci:registry.example.com/os:new --reboot`;
  return html`<h3>Upgrade a node</h3><p>Download the whole layout directory and copy the OS image to a registry that the node can reach. Then upgrade on the node as root.</p>${command('how-upgrade', lines, 'commands')}`;
}

import { ARTIFACT_KINDS, type ArtifactKind } from '../../config/artifact-kinds.ts';
import { artifactOf } from './file-names.ts';
import { type Html, href, html } from './html.ts';
import { copyButton, counted, formatBytes, idOf } from './page-parts.ts';
import type { ReleaseFile, ReleaseTarget, Role } from './schema.ts';

const DESCRIPTIONS: Readonly<Partial<Record<Role, string>>> = {
  iso: 'Live system and installer for a USB stick or CD',
  raw: 'Disk image of an installed system, to write to a disk',
  qcow2: 'The same disk image for QEMU and libvirt',
  vhd: 'The same disk image for Azure (fixed VHD)',
  gce: 'The same disk image for Google Compute Engine',
  vmdk: 'The same disk image for VMware (stream-optimized VMDK)',
  ova: 'A virtual machine with this disk, for vSphere',
  netboot: 'For booting over the network, with the squashfs',
  squashfs: 'Root filesystem only',
  oci: 'OS image as an OCI image layout (a directory); this is its index',
  sbom: 'Software bill of materials (SBOM)',
  provenance: 'SLSA provenance: the inputs and steps of the build',
  'test-result': 'Test result: what the artifacts lived through in virtual machines',
};
/** The parts of other artifacts come last. */
const PARTS: readonly ArtifactKind[] = ['squashfs', 'oci'];
const ARTIFACTS: readonly Role[] = [...ARTIFACT_KINDS.filter((kind) => !PARTS.includes(kind)), ...PARTS];
const DOCUMENTS: readonly Role[] = ['sbom', 'provenance', 'test-result', 'other'];

/** The element id of a target's card. */
export function targetId({ name }: ReleaseTarget): string {
  return `target-${idOf(name)}`;
}

/** Renders a target with its properties and files. */
export function targetCard(target: ReleaseTarget): Html {
  const { name, flavor, flavorRelease, arch, variant, model, kernel, kubernetes, image } = target;
  const id = targetId(target);
  const ofRoles = (roles: readonly Role[]) =>
    roles.flatMap((role) => target.files.filter((file) => file.role === role));
  const documents = ofRoles(DOCUMENTS);
  const content = target.files.filter(({ role }) => role === 'oci-content');
  const place = image?.reference === undefined ? image?.digest : `${image.reference}@${image.digest}`;
  return html`<section class="card" id="${id}" aria-labelledby="${id}-name">
<h3 id="${id}-name">${name}</h3>
<p class="sub">${flavor} ${flavorRelease} for ${arch}</p>
<dl class="facts">
${fact('Variant', variant)}${fact('Model', model)}${fact('Kernel', kernel)}
${fact('Kubernetes', kubernetes && `${kubernetes.distribution} ${kubernetes.version}`)}
${
  place !== undefined &&
  html`<div class="wide"><dt>OS image</dt><dd class="sum"><code id="${id}-image">${place}</code>${copyButton(`${id}-image`, 'image reference')}</dd></div>`
}
</dl>
<ul class="files">
${ofRoles(ARTIFACTS).map((file) => fileRow(file, file.role === 'oci' ? content : []))}
</ul>
${
  documents.length > 0 &&
  html`<details class="more"><summary>SBOM, provenance and tests: ${counted(documents.length, 'file')}</summary>
<ul class="files">
${documents.map((file) => fileRow(file, []))}
</ul>
</details>`
}
</section>
`;
}

function fact(name: string, value: string | undefined): Html | undefined {
  return value === undefined ? undefined : html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function fileRow(file: ReleaseFile, content: readonly ReleaseFile[]): Html {
  const { name, role, size, sha256, signature } = file;
  const id = `sum-${idOf(name)}`;
  const total = size + content.reduce((sum, one) => sum + one.size, 0);
  // A browser shows the index of a layout and downloads all other artifacts.
  const isArtifact = artifactOf(role) !== undefined;
  const download = isArtifact && role !== 'oci' && html` download`;
  return html`<li><a class="name" href="${href(name)}"${download}>${name}</a><span class="size">${formatBytes(total)}</span>
<span class="what">${isArtifact && html`<span class="badge">${role}</span> `}${DESCRIPTIONS[role] ?? 'Other file'}${format(name)}${
    signature !== undefined && html` · <a href="${href(signature)}">signature</a>`
  }${
    content.length > 0 &&
    html`<details><summary>All files in the layout</summary><ul class="plain">${content.map((one) => html`<li><a href="${href(one.name)}">${one.name}</a> (${formatBytes(one.size)})</li>`)}</ul></details>`
  }</span>
<span class="sum"><code><span class="gone">sha256 </span><span id="${id}">${sha256}</span></code>${copyButton(id, `sha256 of ${name}`)}</span></li>
`;
}

function format(name: string): string {
  if (name.endsWith('.spdx.json')) return ' (SPDX)';
  return name.endsWith('.cdx.json') ? ' (CycloneDX)' : '';
}

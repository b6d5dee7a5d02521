import type { InstalledPackage } from '../../packages/installed-package.ts';
import type { Inventory, Part } from './inventory.ts';
import { licenceExpression } from './licence-expression.ts';
import { packageUrl } from './purl.ts';
import { documentUuid, isoTime } from './stamp.ts';

const DOCUMENT = 'SPDXRef-DOCUMENT';
const IMAGE = 'SPDXRef-OS';
const UNKNOWN = 'NOASSERTION';
const COPYRIGHT_FILES: Readonly<Record<InstalledPackage['type'], string>> = {
  deb: 'the file /usr/share/doc/PACKAGE/copyright of each package that declares it, in the image',
  rpm: 'the package that declares it, below /usr/share/licenses if the image has that directory',
  apk: 'the source of the package that declares it',
};

/** An element of the document other than the image itself. */
interface Element {
  readonly SPDXID: string;
  readonly name: string;
}
interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: 'DESCRIBES' | 'CONTAINS';
  readonly relatedSpdxElement: string;
}

/**
 * Renders the inventory as an SPDX 2.3 document. It depends only on the inventory and the tool: its time is the image's
 * epoch, and its namespace is derived from the content.
 * @param tool name and version of the generating tool
 */
export function spdxDocument(inventory: Inventory, tool: string): object {
  const { name, version, epoch, arch, distribution, packages, parts } = inventory;
  const references = new Map<string, string>();
  const ids = new Set<string>();
  const identify = (text: string) => unique(ids, `SPDXRef-${text.replaceAll(/[^A-Za-z0-9.-]/g, escaped)}`);

  const installed = packages.map((found) => {
    const { expression, references: named } = licenceExpression(found.licences);
    for (const [id, text] of named)
      references.set(id, `${text}: the text is in ${COPYRIGHT_FILES[found.type]}.`);
    return {
      SPDXID: identify(`${found.type}-${found.name}-${found.arch}`),
      name: found.name,
      versionInfo: found.version,
      supplier: supplier(found.maintainer),
      downloadLocation: UNKNOWN,
      filesAnalyzed: false,
      ...(found.homepage === undefined ? {} : { homepage: found.homepage }),
      ...(found.source
        ? { sourceInfo: `built from source package ${found.source.name} ${found.source.version}` }
        : {}),
      ...licences(expression),
      externalRefs: [purlReference(packageUrl(found, distribution))],
    };
  });
  const relationships: Relationship[] = [relation(DOCUMENT, 'DESCRIBES', IMAGE)];
  const own: object[] = [];
  const addPart = (owner: string, part: Part) => {
    const id = identify(`part-${part.name}`);
    own.push(partPackage(id, part));
    relationships.push(relation(owner, 'CONTAINS', id));
    for (const inner of part.parts ?? []) addPart(id, inner);
  };
  relationships.push(...installed.map(({ SPDXID }: Element) => relation(IMAGE, 'CONTAINS', SPDXID)));
  for (const part of parts) addPart(IMAGE, part);

  const image = {
    SPDXID: IMAGE,
    name,
    versionInfo: version,
    supplier: UNKNOWN,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    primaryPackagePurpose: 'OPERATING-SYSTEM',
    description: `OS image of ${distribution.name} ${distribution.version ?? ''}`
      .trim()
      .concat(` for ${arch}`),
    ...licences(undefined),
  };
  const body = {
    packages: [image, ...installed, ...own],
    hasExtractedLicensingInfos: [...references]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([licenseId, extractedText]) => ({ licenseId, extractedText, name: licenseId })),
    relationships,
  };
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name,
    documentNamespace: `urn:uuid:${documentUuid('spdx', [name, version, tool, body])}`,
    creationInfo: { created: isoTime(epoch), creators: [`Tool: ${tool.replaceAll(' ', '-')}`] },
    ...body,
  };
}

function partPackage(id: string, part: Part): object {
  return {
    SPDXID: id,
    name: part.name,
    ...(part.version === undefined ? {} : { versionInfo: part.version }),
    supplier: UNKNOWN,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    ...(part.file === undefined ? {} : { packageFileName: part.file }),
    ...(part.sha256 === undefined
      ? {}
      : { checksums: [{ algorithm: 'SHA256', checksumValue: part.sha256 }] }),
    description: part.description,
    ...licences(part.licence),
    ...(part.purl === undefined ? {} : { externalRefs: [purlReference(part.purl)] }),
  };
}

/** Only the declared licence is known: nobody has examined the sources to conclude one. */
function licences(declared: string | undefined): object {
  return { licenseConcluded: UNKNOWN, licenseDeclared: declared ?? UNKNOWN, copyrightText: UNKNOWN };
}

function purlReference(purl: string): object {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl };
}

/**
 * Converts `Name <address>` to the SPDX form (SPDX 2.3, 7.5). It is always written as an organisation, because nothing
 * shows whether the name is a person's.
 */
function supplier(maintainer: string | undefined): string {
  if (maintainer === undefined) return UNKNOWN;
  const match = /^\s*"?([^<"]*?)"?\s*<([^<>]*)>\s*$/.exec(maintainer);
  const name = (match?.[1] || match?.[2] || maintainer).replaceAll(/[()]/g, ' ').trim();
  return match?.[2] && match[1] ? `Organization: ${name} (${match[2]})` : `Organization: ${name}`;
}

function relation(
  from: string,
  relationshipType: Relationship['relationshipType'],
  to: string,
): Relationship {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}

/** Escapes a character that SPDX identifiers cannot contain: they allow only letters, digits, dots and hyphens. */
function escaped(character: string): string {
  return `-x${character.codePointAt(0)?.toString(16)}-`;
}

function unique(taken: Set<string>, wanted: string): string {
  let id = wanted;
  for (let count = 2; taken.has(id); count += 1) id = `${wanted}.${count}`;
  taken.add(id);
  return id;
}

import type { InstalledPackage } from '../../packages/installed-package.ts';
import type { Inventory, Part, SourceDistribution } from './inventory.ts';
import { licenceExpression } from './licence-expression.ts';
import { packageUrl, sourceUrl } from './purl.ts';
import { documentUuid, isoTime } from './stamp.ts';

/** Namespace of properties for which CycloneDX has no field. */
const NAMESPACE = 'kairos-factory';
const PART = 'part';

interface Component {
  readonly 'bom-ref': string;
  readonly components?: readonly Component[];
}

/**
 * Renders the inventory as a CycloneDX 1.6 document. Like an {@link spdxDocument}, it contains no random values and no
 * build time.
 * @param tool name and version of the generating tool
 */
export function cycloneDxDocument(inventory: Inventory, tool: string): object {
  const { name, version, arch, epoch, distribution, packages, parts } = inventory;
  const [toolName = tool, toolVersion = ''] = tool.split(' ');
  const image = {
    type: 'operating-system',
    'bom-ref': 'os',
    name,
    version,
    properties: [
      property('arch', arch),
      property('distribution', [distribution.id, distribution.version].filter(Boolean).join('-')),
    ],
  };
  const components: Component[] = [
    ...packages.map((found) => packageComponent(found, distribution)),
    ...parts.map((part) => partComponent(part, PART)),
  ];
  const body = {
    metadata: {
      timestamp: isoTime(epoch),
      tools: { components: [{ type: 'application', name: toolName, version: toolVersion }] },
      component: image,
    },
    components,
    dependencies: [
      { ref: 'os', dependsOn: components.map((component) => component['bom-ref']) },
      ...components.map((component) => ({ ref: component['bom-ref'] })),
    ],
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${documentUuid('cyclonedx', body)}`,
    version: 1,
    ...body,
  };
}

function packageComponent(found: InstalledPackage, distribution: SourceDistribution): Component {
  const { type, name, version, arch, source, maintainer, homepage } = found;
  const { expression } = licenceExpression(found.licences);
  const origin = sourceUrl(found, distribution);
  return {
    type: 'library',
    'bom-ref': `${type}:${name}:${arch}:${version}`,
    ...(maintainer === undefined ? {} : { supplier: { name: maintainer } }),
    name,
    version,
    ...licences(expression),
    purl: packageUrl(found, distribution),
    ...(source && origin
      ? {
          pedigree: {
            ancestors: [{ type: 'library', name: source.name, version: source.version, purl: origin }],
          },
        }
      : {}),
    // The schema accepts only URLs, and some packages have another text as their homepage.
    ...(homepage !== undefined && URL.canParse(homepage)
      ? { externalReferences: [{ type: 'website', url: new URL(homepage).href }] }
      : {}),
    properties: [property('package-type', type), property('package-arch', arch)],
  } as Component;
}

function partComponent(part: Part, owner: string): Component {
  const ref = `${owner}:${part.name}`;
  return {
    type: owner === PART ? 'application' : 'library',
    'bom-ref': part.version === undefined ? ref : `${ref}:${part.version}`,
    name: part.name,
    ...(part.version === undefined ? {} : { version: part.version }),
    description: part.description,
    ...(part.sha256 === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: part.sha256 }] }),
    ...licences(part.licence),
    ...(part.purl === undefined ? {} : { purl: part.purl }),
    ...(part.parts === undefined ? {} : { components: part.parts.map((inner) => partComponent(inner, ref)) }),
    ...(part.file === undefined ? {} : { properties: [property('file', part.file)] }),
  } as Component;
}

function licences(expression: string | undefined): object {
  return expression === undefined ? {} : { licenses: [{ expression, acknowledgement: 'declared' }] };
}

function property(name: string, value: string): { readonly name: string; readonly value: string } {
  return { name: `${NAMESPACE}:${name}`, value };
}

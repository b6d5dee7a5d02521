import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { BROUGHT_DIRECTORY, BROUGHT_PARTS, BroughtPart } from '../../../common/contract/brought-parts.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { AGENT_LIBC } from '../../image/context/agent-entries.ts';
import type { AgentParts } from './agent-parts.ts';
import type { Part } from './inventory.ts';
import { type InventorySources, regularFile } from './inventory-sources.ts';

const AGENT = '/usr/bin/kairos-agent';
const INITRAMFS_SCRIPTS = '/usr/lib/kairos/initramfs';

/** Lists the framework in the root, with the scripts of the initramfs and the agent. */
export async function frameworkParts(root: string, sources: InventorySources): Promise<Part[]> {
  const tool = sources.facts.release['KAIROS_INIT_VERSION'] ?? '';
  const own = /^kairos-factory v?(.+)$/.exec(tool)?.[1];
  const module = await resolveInRoot(root, INITRAMFS_SCRIPTS);
  const agent = await agentPart(root, sources);
  if (own === undefined) {
    const maker = { name: 'kairos-init', description: 'framework of upstream Kairos', licence: 'Apache-2.0' };
    return [...(tool === '' ? [] : [{ ...maker, version: tool }]), ...agent];
  }
  const inner: Part[] = [
    ...(module === undefined
      ? []
      : [
          {
            name: 'kairos-factory-initramfs',
            description: 'scripts of the initramfs that find, mount and grow the partitions of the system',
            version: own,
            licence: 'Apache-2.0',
            file: INITRAMFS_SCRIPTS,
          },
        ]),
    ...agent,
    ...(await broughtPackages(root)),
  ];
  return [
    {
      name: 'kairos-factory-framework',
      description: 'boot menu, layout, units and configuration that make a distribution an immutable system',
      version: own,
      licence: 'Apache-2.0',
      parts: inner,
    },
  ];
}

/** The packages that programs and boot loader of the image come from, where its base had none. */
async function broughtPackages(root: string): Promise<Part[]> {
  const file = await regularFile(root, BROUGHT_PARTS);
  if (file === undefined) return [];
  const found = z.array(BroughtPart).parse(JSON.parse(await readFile(file, 'utf8')));
  return found.map(({ licence, ...part }) => ({
    ...part,
    ...(licence === 'NOASSERTION' ? {} : { licence }),
    description: 'brought along, because the base has none',
    file: `${BROUGHT_DIRECTORY}/copyright/${part.name}`,
  }));
}

async function agentPart(root: string, { agents, hash }: InventorySources): Promise<Part[]> {
  const file = await regularFile(root, AGENT);
  if (file === undefined) return [];
  const sha256 = await hash(file);
  const part = { name: 'kairos-agent', description: 'the program on the node', file: AGENT, sha256 };
  const known = agents.find((agent) => agent.sha256 === sha256);
  if (known === undefined) return [part];
  const { version, licence, libc, runtime, libraries } = known;
  return [
    {
      ...part,
      version,
      licence,
      parts: [
        { ...libc, description: 'C library that the agent brings along', file: AGENT_LIBC },
        { ...library(runtime), description: 'JavaScript runtime, compiled in' },
        ...libraries.map((found) => ({ ...library(found), description: 'npm library, compiled in' })),
      ],
    },
  ];
}

function library({ name, version, licence }: AgentParts['libraries'][number]): Omit<Part, 'description'> {
  const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`;
  return { name, version, purl, ...(licence === 'NOASSERTION' ? {} : { licence }) };
}

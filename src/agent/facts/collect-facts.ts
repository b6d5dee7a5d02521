import type { Host } from '../../common/host/host.ts';
import { readNetwork, readStorage } from './devices.ts';
import type { Facts } from './facts.ts';
import { readCpu, readDmi, readMemory } from './hardware.ts';
import { readKernel, readNode, readOs } from './software.ts';

/** Reads all facts in parallel. Never throws: facts that cannot be read are absent. */
export async function collectFacts(host: Host): Promise<Facts> {
  const [node, os, kernel, dmi, cpu, memory, storage, network] = await Promise.all([
    readNode(host),
    readOs(host),
    readKernel(host),
    readDmi(host),
    readCpu(host),
    readMemory(host),
    readStorage(host),
    readNetwork(host),
  ]);
  return { node, os, kernel, ...dmi, cpu, memory, storage, network };
}

import type { Host } from '../../common/host/host.ts';
import { readNetwork, readStorage } from './devices.ts';
import type { Facts } from './facts.ts';
import { readCpu, readDmi, readMemory } from './hardware.ts';
import { readKernel, readNode, readOs } from './software.ts';

/** Reads all facts at once. Never throws: what cannot be read is left out. */
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

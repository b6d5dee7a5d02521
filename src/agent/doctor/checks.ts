import type { Check } from './check.ts';
import { bootMenuCheck } from './checks/boot-menu.ts';
import { clockCheck } from './checks/clock.ts';
import { configurationCheck } from './checks/configuration.ts';
import { networkCheck } from './checks/network.ts';
import { partitionsCheck } from './checks/partitions.ts';
import { servicesCheck } from './checks/services.ts';
import { slotsCheck } from './checks/slots.ts';
import { spaceCheck } from './checks/space.ts';
import { stagesCheck } from './checks/stages.ts';
import { trustCheck } from './checks/trust.ts';

/** All checks of a node, in the order of the report. */
export const CHECKS: readonly Check[] = [
  partitionsCheck,
  spaceCheck,
  slotsCheck,
  bootMenuCheck,
  configurationCheck,
  stagesCheck,
  servicesCheck,
  trustCheck,
  clockCheck,
  networkCheck,
];

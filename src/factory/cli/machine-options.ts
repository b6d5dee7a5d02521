import { ARCHES, type Arch, machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { artifactArch } from '../boot/machine.ts';

/** The architecture of a machine for an artifact: the artifact's, or else the host's. */
export function archOf(artifact: string): Arch {
  return artifactArch(artifact) ?? ARCHES.find((arch) => arch === machineArch()) ?? 'amd64';
}

/** A flag whose value is a whole number. */
export interface NumberFlag {
  readonly flag: string;
  readonly text: string;
  readonly largest: number;
  /** What it counts, for the message. */
  readonly what?: string;
}

/** Parses a whole number from 1 to the largest. @throws FactoryError `usage` */
export function numberOf({ flag, text, largest, what = 'a number' }: NumberFlag): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= largest) return value;
  throw new FactoryError('OPTION_INVALID', `${flag}: "${text}" is not ${what} from 1 to ${largest}`);
}

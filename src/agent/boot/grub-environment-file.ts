import { grubEnvironment, parseGrubEnvironment } from '../../common/contract/grub-environment.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { writeAt } from '../deploy/block-device.ts';

/**
 * Reads the variables of a GRUB environment file; none when the file is missing. A file that GRUB cannot read counts as
 * empty, as it does for GRUB, and causes a warning.
 */
export async function readGrubVariables(host: Host, file: string): Promise<Map<string, string>> {
  const block = await host.readBytes(file);
  if (block === undefined) return new Map();
  try {
    return parseGrubEnvironment(block);
  } catch (error) {
    host.log('warn', `${file}: ${messageOf(error)}`);
    return new Map();
  }
}

/**
 * Changes variables; `undefined` removes one. A file of the right size is overwritten in place, because GRUB saves to the
 * same disk blocks (docs/contract.md 1.4).
 * @throws FactoryError `usage` when the variables do not fit
 */
export async function setGrubVariables(
  host: Host,
  file: string,
  changes: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const variables = await readGrubVariables(host, file);
  const entries = Object.entries(changes);
  const changed = entries.some(([name, value]) => variables.get(name) !== value);
  for (const [name, value] of entries) {
    if (value === undefined) variables.delete(name);
    else variables.set(name, value);
  }
  const block = encode(file, variables);
  const size = (await host.stat(file))?.size;
  if (size !== block.length) await host.write(file, block);
  else if (changed) await writeAt(host, file, { offset: 0, bytes: block });
}

function encode(file: string, variables: ReadonlyMap<string, string>): Buffer {
  try {
    return grubEnvironment(Object.fromEntries(variables));
  } catch (error) {
    throw new FactoryError('OPTION_INVALID', `${file}: ${messageOf(error)}`, {
      remedy: 'Use fewer or shorter variables, each on a single line.',
      cause: error,
    });
  }
}

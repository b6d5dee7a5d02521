import { FactoryError } from '../../common/errors/factory-error.ts';
import { installAdvice } from './host-packages.ts';
import type { HostTool } from './host-tool.ts';

/** Something that a machine lacks. */
export interface Fault {
  readonly error: FactoryError;
  /** The program that is missing or unusable; absent if it is something else. */
  readonly tool?: HostTool;
}

/**
 * Makes one error of everything that a machine lacks. A single one is returned unchanged.
 * @param faults at least one
 */
export function joinFaults(faults: readonly Fault[]): FactoryError {
  const [first, ...others] = distinct(faults);
  if (first === undefined) throw new RangeError('there is nothing to report');
  if (others.length === 0) return first.error;
  const all = [first, ...others];
  const missing = all.flatMap(({ error, tool }) =>
    tool !== undefined && error.code === 'TOOL_MISSING' && tool.install === undefined ? [tool] : [],
  );
  const rest = all.filter(({ tool }) => tool === undefined || !missing.includes(tool));
  const remedies = [
    ...(missing.length > 0 ? [installAdvice([...new Set(missing.map((tool) => tool.package))])] : []),
    ...new Set(rest.flatMap(({ error }) => error.remedy ?? [])),
  ];
  const details = all.flatMap(({ error, tool }) => [describe(error, tool), ...error.details]);
  const remedy = remedies.join(' ');
  if (all.every(({ error }) => error.code === 'TOOL_MISSING'))
    return new FactoryError('TOOL_MISSING', `${all.length} programs are not installed`, { details, remedy });
  return new FactoryError('MACHINE_UNREADY', `this machine lacks ${all.length} things`, { details, remedy });
}

/** One fault per message: a program can be needed for several reasons. */
function distinct(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [fault.error.message, fault])).values()];
}

function describe({ message }: FactoryError, tool: HostTool | undefined): string {
  return tool?.purpose === undefined ? message : `${message} (${tool.purpose})`;
}

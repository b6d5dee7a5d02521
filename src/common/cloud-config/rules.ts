import { isMap } from './merge.ts';
import type { ConfigData } from './parse.ts';
import type { Problem } from './problems.ts';
import { isStageName, isUpstreamStage, suggestStage } from './stage-names.ts';

const ADMIN = 'admin';
/** The fixed partition that takes the rest of the disk when it has no size (docs/contract.md 1.1). */
const GROWING = 'persistent';

/** Whether an account in `users`, or in a step of any stage, belongs to the group `admin` (docs/contract.md 4.3). */
export function hasAdmin(data: ConfigData): boolean {
  const steps = isMap(data['stages']) ? Object.values(data['stages']).flatMap(items) : [];
  const sources = [data, ...steps.filter(isMap)].map((source) => source['users']);
  return sources.flatMap(items).some(isAdmin);
}

/** Whether an account belongs to the group `admin`, however the group is written. */
export function isAdmin(user: unknown): boolean {
  if (!isMap(user)) return false;
  const { groups, primary_group: primary } = user;
  // cloud-init also accepts text: "admin, docker".
  const names = typeof groups === 'string' ? groups.split(',').map((name) => name.trim()) : items(groups);
  return primary === ADMIN || names.includes(ADMIN);
}

/** The items of a list, or the values of a map. */
function items(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isMap(value) ? Object.values(value) : [];
}

/**
 * Checks that an installation configures an administrator (docs/contract.md 4.3). A configuration with `config_url`
 * passes, because the content of that URL is not known here.
 */
export function adminProblems(data: ConfigData): Problem[] {
  const { install, config_url: url } = data;
  if (!isMap(install) || install['nousers'] === true || typeof url === 'string' || hasAdmin(data)) return [];
  return [
    {
      path: [Object.hasOwn(data, 'users') ? 'users' : 'install'],
      message: 'an installation needs a user in the group admin; add one, or set install.nousers: true',
    },
  ];
}

/** Checks that at most one partition takes the rest of the disk (docs/contract.md 1.1). */
export function partitionProblems(data: ConfigData): Problem[] {
  const install = isMap(data['install']) ? data['install'] : {};
  const fixed = isMap(install['partitions']) ? install['partitions'] : {};
  const sizeless = Object.entries(fixed)
    .filter(([, partition]) => isMap(partition) && partition['size'] === 0)
    .map(([name]) => ['install', 'partitions', name]);
  const persistent = fixed[GROWING];
  const grows = !isMap(persistent) || persistent['size'] === undefined || persistent['size'] === null;
  const extra = items(install['extra-partitions']).flatMap((partition, index) =>
    isMap(partition) && (partition['size'] ?? 0) === 0 ? [['install', 'extra-partitions', index]] : [],
  );
  const [first, ...surplus] = [...(grows ? [['persistent']] : []), ...sizeless, ...extra];
  const hint = first?.length === 1 ? `; ${GROWING} does already unless it has a size` : '';
  return surplus.map((path) => ({
    path,
    message: `${path.join('.')}: only one partition can take the rest of the disk (size 0)${hint}`,
  }));
}

/**
 * Finds stages that are never run (docs/contract.md 4.5).
 * @param options `upstream` when the agent of upstream Kairos reads the file, which runs more stages
 */
export function stageProblems(data: ConfigData, { upstream }: { readonly upstream: boolean }): Problem[] {
  const stages = isMap(data['stages']) ? Object.keys(data['stages']) : [];
  return stages
    .filter((name) => !isStageName(name) && !(upstream && isUpstreamStage(name)))
    .map((name) => ({
      path: ['stages', name],
      message: isUpstreamStage(name)
        ? `this agent does not run the stage "${name}" of upstream Kairos`
        : `nothing runs a stage "${name}"${suggestStage(name)}`,
    }));
}

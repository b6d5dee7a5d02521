import { type Arch, machineArch } from '../../common/contract/architectures.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { type BaseReference, parseBaseReference } from '../config/base-reference.ts';
import type { Firmware, ProveSpec } from '../config/prove.ts';
import { createBuildahEngine } from '../engine/buildah.ts';
import type { MachineContext } from '../machine/engine-check.ts';
import type { RegistryUse } from '../machine/registry-checks.ts';
import type { RoomNeed } from '../machine/room.ts';
import type { ToolNeed } from '../machine/tool-checks.ts';
import { COSIGN } from '../tools/cosign.ts';
import type { HostTool } from '../tools/host-tool.ts';
import { FLOCK } from '../tools/kernel-lock.ts';
import { SYNC } from '../tools/sync.ts';
import { TAR } from '../tools/tar.ts';
import { ID_MAPPERS } from '../tools/unshare.ts';
import { buildReferences } from './build-references.ts';
import { openGroups, type TargetGroup } from './open-groups.ts';
import { predictGroups } from './predict-groups.ts';
import { FLAVORS } from './project-files.ts';
import type { Target } from './target.ts';
import { type CachePlaces, cachePlaces } from './workspace.ts';

/** Everything that targets need of a machine, besides an engine. */
export interface MachineNeeds {
  readonly tools: readonly ToolNeed[];
  readonly registries: readonly RegistryUse[];
  readonly room: readonly RoomNeed[];
  /** The machines that proofs boot. */
  readonly boots: readonly { readonly arch: Arch; readonly firmwares: readonly Firmware[] }[];
}

/** The programs of every build. */
export function commonTools(isRoot = process.getuid?.() === 0): ToolNeed[] {
  const tools: readonly HostTool[] = [FLOCK, SYNC, TAR, ...(isRoot ? [] : ID_MAPPERS)];
  return tools.map((tool) => ({ tool, neededBy: ['every build'], required: true }));
}

/**
 * Derives what targets need, from the steps that they lead to. Nothing is opened or written: there may be no engine yet.
 * @param root the cache directory
 * @throws FactoryError `usage` for a specification that cannot be built anywhere
 */
export async function machineNeeds(
  targets: readonly Target[],
  { runner, signal }: Pick<MachineContext, 'runner' | 'signal'>,
  root: string,
): Promise<MachineNeeds> {
  const places = cachePlaces(root);
  const groups = await openSteps(targets, { runner, signal }, places);
  const planned = groups.flatMap(({ steps }) =>
    steps.map(({ id, title, needs }) => ({ id, title, needs, state: 'run' as const })),
  );
  const signed = targets.some(({ spec }) => spec.sign !== undefined);
  return {
    tools: [
      ...commonTools(),
      ...groups.flatMap(({ steps }) =>
        steps.flatMap(({ tools = [], title }) =>
          tools.map((tool) => ({ tool, neededBy: [title], required: true })),
        ),
      ),
      ...(signed ? [{ tool: COSIGN, neededBy: ['sign'], required: true }] : []),
    ],
    registries: (await Promise.all(targets.map(registriesOf))).flat(),
    room: (await predictGroups(groups, planned, places)).room,
    boots: targets.flatMap((target) => bootsOf(target)),
  };
}

/** The steps of targets in a session without an engine, which steps use only when they run. */
function openSteps(
  targets: readonly Target[],
  { runner, signal }: Pick<MachineContext, 'runner' | 'signal'>,
  places: CachePlaces,
): Promise<TargetGroup[]> {
  const { store, works: work } = places;
  const session = {
    runner,
    signal,
    engine: createBuildahEngine({ runner, cleanup: runner, store, work }),
    daemon: async () => {
      throw new RangeError('a plan without a session needs no daemon');
    },
    workspace: { ...places, work, owner: { identity: '0-0', isAlive: async () => true } },
  };
  const options = {
    useCache: true,
    locked: false,
    offline: false,
    emit: () => undefined,
    onLog: () => undefined,
  };
  return openGroups(targets, { session, options });
}

async function registriesOf(target: Target): Promise<RegistryUse[]> {
  const { registries, push } = target.spec;
  const references: readonly BaseReference[] =
    target.image === undefined
      ? await buildReferences(FLAVORS, target.spec)
      : [parseBaseReference(target.image, process.cwd())];
  const read = references.flatMap((reference) =>
    reference.kind === 'docker' ? [{ image: reference.image, registries, isPush: false }] : [],
  );
  if (push === undefined) return read;
  const image = parseImageReference(push.to.replace(/^docker:\/\//, ''));
  return [...read, { image, registries, isPush: true }];
}

function bootsOf({ spec }: Target): MachineNeeds['boots'] {
  const prove: ProveSpec | undefined = spec.prove;
  if (prove === undefined) return [];
  const arch = 'arch' in spec ? spec.arch : (machineArch() as Arch);
  return [{ arch, firmwares: prove.firmware }];
}

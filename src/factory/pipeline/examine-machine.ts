import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { ARCHES, type Arch, machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { foreignArchProblem } from '../engine/foreign-arch.ts';
import { checkAccounts } from '../machine/account-checks.ts';
import type { Check } from '../machine/check.ts';
import { checkEngine, type MachineContext } from '../machine/engine-check.ts';
import { checkFirmware } from '../machine/firmware-check.ts';
import { generalNeeds } from '../machine/general-needs.ts';
import { checkKvm } from '../machine/kvm-check.ts';
import { checkLoaders } from '../machine/loader-checks.ts';
import { checkRegistries } from '../machine/registry-checks.ts';
import { checkRoom, filesystemsOf } from '../machine/room.ts';
import { checkTools } from '../machine/tool-checks.ts';
import type { HostSystem } from '../tools/host-packages.ts';
import { bootstrappedArches } from './build-references.ts';
import { archesOf, buildkitOf, engineOf } from './common-choices.ts';
import { commonTools, type MachineNeeds, machineNeeds } from './machine-needs.ts';
import { ELSEWHERE } from './predict-groups.ts';
import { compiledAgent } from './project-files.ts';
import type { Target } from './target.ts';
import { cacheDirectory } from './workspace.ts';

/** The output directory of a build that names none. */
const DEFAULT_OUTPUT = 'build';

/**
 * Looks at everything that targets need of this machine, or that the program needs in general. Nothing is written.
 * @param targets `undefined` for the program in general
 * @param context.output the output directory to look at in general; default: that of a build
 * @throws FactoryError `usage` for a specification that cannot be built anywhere
 */
export async function examineMachine(
  targets: readonly Target[] | undefined,
  context: MachineContext & { readonly system: HostSystem; readonly output?: string | undefined },
): Promise<Check[]> {
  const { runner, env, system, output = DEFAULT_OUTPUT } = context;
  const root = cacheDirectory(env);
  const needs = targets === undefined ? inGeneral(root, output) : await machineNeeds(targets, context, root);
  const boots = new Map(needs.boots.map((boot) => [boot.arch, boot]));
  const arches: readonly Arch[] = targets === undefined ? ownArch() : [...archesOf(targets)];
  const engine = engineOf(targets ?? []) ?? 'auto';
  const foreign = engine === 'buildkit' ? await bootstrappedArches(targets ?? []) : arches;
  return [
    ...(await checkTools(runner, needs.tools, system)),
    ...(targets === undefined ? await checkLoaders(system) : []),
    ...arches.flatMap(checkAgent),
    ...(await Promise.all(foreign.map(checkForeign))).flat(),
    ...(await checkAccounts(runner)),
    await checkEngine(engine, { ...context, buildkit: buildkitOf(targets ?? []) }),
    ...checkRoom(await filesystemsOf(needs.room)),
    ...(await Promise.all(
      (boots.size === 0 ? ownArch() : [...boots.keys()]).map((arch) =>
        checkKvm(runner, { arch, isNeeded: boots.size > 0 }),
      ),
    )),
    ...(
      await Promise.all(
        needs.boots.flatMap(({ arch, firmwares }) =>
          firmwares.map((firmware) => checkFirmware(arch, firmware)),
        ),
      )
    ).flat(),
    ...(await checkRegistries(needs.registries, context)),
  ];
}

function inGeneral(root: string, output: string): MachineNeeds {
  const place = { likely: 0, least: 0 };
  return {
    tools: [...commonTools(), ...generalNeeds()],
    registries: [],
    room: [
      { ...place, path: root, purpose: 'cache and images', elsewhere: ELSEWHERE.cache },
      { ...place, path: resolve(output), purpose: 'artifacts', elsewhere: ELSEWHERE.output },
      { ...place, path: tmpdir(), purpose: 'bootstrap', elsewhere: ELSEWHERE.temporary },
    ],
    boots: [],
  };
}

function ownArch(): Arch[] {
  return ARCHES.filter((arch) => arch === machineArch());
}

/** The compiled agent that goes into images. */
function checkAgent(arch: Arch): Check[] {
  const common = { area: 'tools', name: `agent for ${arch}`, purpose: 'runs on the nodes' } as const;
  try {
    return [{ ...common, state: 'ok', found: compiledAgent(arch) && 'built' }];
  } catch (error) {
    if (!(error instanceof FactoryError)) throw error;
    const { message: problem, remedy = '' } = error;
    return [{ ...common, state: 'fault', problem, remedy }];
  }
}

/** The emulator for programs of another architecture. */
async function checkForeign(arch: Arch): Promise<Check[]> {
  if (arch === machineArch()) return [];
  const common = { area: 'virtualisation', name: `programs for ${arch}` } as const;
  const problem = await foreignArchProblem(arch);
  if (problem === undefined) return [{ ...common, state: 'ok', found: 'an emulator is registered' }];
  const remedy = `Install and register it: ./scripts/setup --arch ${arch}, or build on an ${arch} machine.`;
  return [{ ...common, state: 'fault', problem, remedy, fix: { install: 'qemu-user-static' } }];
}

import { FactoryError } from '../../common/errors/factory-error.ts';
import { checkTool } from '../tools/check-tool.ts';
import type { HostSystem } from '../tools/host-packages.ts';
import type { HostTool } from '../tools/host-tool.ts';
import { packageName } from '../tools/package-names.ts';
import type { Runner } from '../tools/runner.ts';
import type { Check } from './check.ts';

/** A program, and what needs it. */
export interface ToolNeed {
  readonly tool: HostTool;
  /** Titles of steps, or uses of the program. */
  readonly neededBy: readonly string[];
  /** Whether everything that was asked about needs it. */
  readonly required: boolean;
}

/** Checks the programs that a build runs: whether they are there, and their versions. Each is reported once. */
export async function checkTools(
  runner: Runner,
  needs: readonly ToolNeed[],
  system: HostSystem,
): Promise<Check[]> {
  return Promise.all(merged(needs).map((need) => checkOne(runner, need, system)));
}

async function checkOne(runner: Runner, { tool, neededBy, required }: ToolNeed, system: HostSystem) {
  const named = tool.install === undefined && system.manager && packageName(tool.package, system.manager);
  const common = {
    area: 'tools',
    name: tool.name,
    ...(tool.purpose === undefined ? {} : { purpose: tool.purpose }),
    ...(neededBy.length > 0 ? { neededBy } : {}),
    ...(named ? { package: named } : {}),
  } as const;
  try {
    const version = (await checkTool(runner, tool)) || (await shownVersion(runner, tool));
    return { ...common, state: 'ok', ...(version === '' ? {} : { found: version }) } satisfies Check;
  } catch (error) {
    if (!(error instanceof FactoryError) || error.kind !== 'tool') throw error;
    const fix = error.code === 'TOOL_MISSING' && named ? { fix: { install: tool.package } } : {};
    return {
      ...common,
      state: required ? 'fault' : 'unused',
      problem: error.message,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      ...fix,
    } satisfies Check;
  }
}

/** The version that a program without a supported range prints; `''` if it prints none. */
async function shownVersion(runner: Runner, tool: HostTool): Promise<string> {
  const options = { acceptExit: () => true, timeout: 5000 };
  const printed = await runner.run(tool, [tool.versionFlag ?? '--version'], options).catch(() => undefined);
  return /\d+(?:\.\d+)+/.exec(`${printed?.stdout}\n${printed?.stderr}`)?.[0] ?? '';
}

/** One need per program. */
function merged(needs: readonly ToolNeed[]): ToolNeed[] {
  const byName = new Map<string, ToolNeed>();
  for (const need of needs) {
    const { tool, neededBy, required } = byName.get(need.tool.name) ?? {
      ...need,
      neededBy: [],
      required: false,
    };
    byName.set(tool.name, {
      // The one with a range says more.
      tool: tool.version === undefined ? need.tool : tool,
      neededBy: [...new Set([...neededBy, ...need.neededBy])],
      required: required || need.required,
    });
  }
  return [...byName.values()];
}

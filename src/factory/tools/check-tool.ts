import semver from 'semver';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { installAdvice } from './host-packages.ts';
import { type HostTool, reinstall } from './host-tool.ts';
import { type Fault, joinFaults } from './join-faults.ts';
import type { Runner } from './runner.ts';

/**
 * Checks that a tool is installed and that its version is in the supported range.
 * @returns the version as the tool prints it, or `''` for a tool without a range
 * @throws FactoryError `tool` when it is missing, does not report its version, or is outside the range
 */
export async function checkTool(runner: Runner, tool: HostTool): Promise<string> {
  const location = await runner.locate(tool);
  if (!tool.version) return '';
  const { stdout, stderr } = await runner.run(tool, tool.version.args, { acceptExit: () => true });
  const found = tool.version.pattern.exec(`${stdout}\n${stderr}`)?.[1];
  // GRUB prints 2.06; semver rejects the leading zero.
  const version = semver.coerce(found?.replaceAll(/\.0+(?=\d)/g, '.'));
  if (!found || !version) {
    throw new FactoryError('TOOL_UNUSABLE', `${location} does not report its version`, {
      remedy: reinstall(tool),
    });
  }
  if (!semver.satisfies(version, tool.version.range)) {
    throw new FactoryError('TOOL_UNUSABLE', `${tool.name} ${found} is not usable: ${tool.version.reason}`, {
      remedy: tool.install ?? `Get ${tool.name} ${tool.version.range}. ${installAdvice([tool.package])}`,
    });
  }
  return found;
}

/** What is wrong with some tools. @throws errors other than `tool`, such as `interrupted` */
export async function toolFaults(runner: Runner, tools: Iterable<HostTool>): Promise<Fault[]> {
  const checked = [...tools].map((tool) =>
    checkTool(runner, tool).then(
      () => [],
      (error: unknown) => {
        if (error instanceof FactoryError && error.kind === 'tool') return [{ error, tool }];
        throw error;
      },
    ),
  );
  return (await Promise.all(checked)).flat();
}

/**
 * Checks several tools.
 * @throws FactoryError `tool`, one for all tools that are missing or unusable, with one command that installs what is missing
 */
export async function requireTools(runner: Runner, tools: Iterable<HostTool>): Promise<void> {
  const faults = await toolFaults(runner, tools);
  if (faults.length > 0) throw joinFaults(faults);
}

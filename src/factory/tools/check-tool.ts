import semver from 'semver';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { type HostTool, reinstall } from './host-tool.ts';
import type { Runner } from './runner.ts';

/**
 * Checks that a tool is there and within its range.
 * @returns its version as the tool itself writes it, or `''` where the tool has no range
 * @throws FactoryError `tool` when it is missing, does not tell its version, or is outside the range
 */
export async function checkTool(runner: Runner, tool: HostTool): Promise<string> {
  const location = await runner.locate(tool);
  if (!tool.version) return '';
  const { stdout, stderr } = await runner.run(tool, tool.version.args, { acceptExit: () => true });
  const found = tool.version.pattern.exec(`${stdout}\n${stderr}`)?.[1];
  // GRUB writes 2.06, which is no semantic version until the zero goes.
  const version = semver.coerce(found?.replaceAll(/\.0+(?=\d)/g, '.'));
  if (!found || !version) {
    throw new FactoryError('TOOL_UNUSABLE', `${location} does not tell its version`, {
      remedy: reinstall(tool),
    });
  }
  if (!semver.satisfies(version, tool.version.range)) {
    throw new FactoryError('TOOL_UNUSABLE', `${tool.name} ${found} is not usable: ${tool.version.reason}`, {
      remedy: tool.install ?? `Install ${tool.name} ${tool.version.range} (Debian package ${tool.package}).`,
    });
  }
  return found;
}

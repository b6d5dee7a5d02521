import semver from 'semver';
import { FactoryError } from '../errors/factory-error.ts';
import type { Runner } from './runner.ts';

/** A host program that we call: how it is named, where it comes from, and how old it may be. */
export interface HostTool {
  readonly name: string;
  /** The Debian package that has it. */
  readonly package: string;
  /** How it is installed, in a sentence, where Debian's package is not the way. */
  readonly install?: string;
  /** How to ask for its version, and where in the answer it stands; absent where no version matters. */
  readonly version?: {
    readonly args: readonly string[];
    readonly pattern: RegExp;
    /** A semver range. */
    readonly range: string;
    /** Why the range is what it is, said to the person whose tool is outside of it. */
    readonly reason: string;
  };
}

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
    throw new FactoryError('tool', `${location} does not tell its version`, { remedy: reinstall(tool) });
  }
  if (!semver.satisfies(version, tool.version.range)) {
    throw new FactoryError('tool', `${tool.name} ${found} is not usable: ${tool.version.reason}`, {
      remedy: tool.install ?? `Install ${tool.name} ${tool.version.range} (Debian package ${tool.package}).`,
    });
  }
  return found;
}

/** What a person does about a missing tool. */
export function reinstall(tool: HostTool): string {
  return tool.install ?? `Install it: sudo apt-get install ${tool.package}`;
}

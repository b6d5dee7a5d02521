import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { libcOf } from '../image/context/agent-entries.ts';

/** The project's root; this module's depth is the same in the sources and in `dist`. */
const HOME = fileURLToPath(new URL('../../..', import.meta.url));
export const TEMPLATES = join(HOME, 'templates');
export const FLAVORS = join(HOME, 'flavors');
export const MODELS = join(HOME, 'models');
/** Directory of the compiled agents. */
export const AGENTS = join(HOME, 'dist');

/** Path of a file that comes with the program. */
export function projectFile(path: string): string {
  return join(HOME, path);
}

/** The compiled agent for an architecture; its C library is beside it. @throws FactoryError `tool` when it was not built */
export function compiledAgent(arch: string): string {
  const file = join(AGENTS, `kairos-agent-${arch}`);
  if (existsSync(file) && existsSync(libcOf(file))) return file;
  throw new FactoryError('AGENT_MISSING', `the agent for ${arch} is not built`, {
    remedy: existsSync(projectFile('scripts/setup'))
      ? `Run: ./scripts/setup${arch === machineArch() ? '' : ` --arch ${arch}`}`
      : `Use a package of kairos-factory that was made with the agent for ${arch} (docs/install.md).`,
  });
}

/** Name and version of this program, for `/etc/kairos-release` and manifests. */
export function toolVersion(): string {
  const { name, version } = JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as Record<
    string,
    string
  >;
  return `${name} v${version}`;
}

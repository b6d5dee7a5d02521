import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

/**
 * Puts a program named buildah first on the PATH, and the cache into a temporary directory. The program reports a version
 * and removes containers, but has no image store, so every import of an image fails. The real program would take seconds.
 * @returns a function that returns the command lines so far
 */
export function useFakeBuildah(): () => string[] {
  const home = temporaryDirectory();
  const log = join(home, 'calls');
  const script = `#!/bin/sh
echo "$*" >>'${log}'
case "$*" in
--version) echo 'buildah version 1.40.0' ;;
*'rm --all') ;;
*'containers --all --json') echo '[]' ;;
*) echo 'no image store' >&2; exit 125 ;;
esac
`;
  plant(home, { 'bin/buildah': script });
  chmodSync(join(home, 'bin/buildah'), 0o755);
  vi.stubEnv('PATH', `${join(home, 'bin')}:${process.env['PATH']}`);
  vi.stubEnv('KAIROS_FACTORY_CACHE', join(home, 'cache'));
  onTestFinished(() => void vi.unstubAllEnvs());
  return () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []);
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import type { BuildEvent } from '../../../../src/factory/pipeline/events.ts';
import { writeContext } from '../../../../src/factory/pipeline/write-context.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { useFakeBuildah } from './support/fake-buildah.ts';

test('a folder of other files is refused before anything is built', async () => {
  const calls = useFakeBuildah();
  const home = plant(temporaryDirectory(), { 'root/etc/os-release': 'ID=debian\n', 'folder/thesis.tex': '' });
  const flags = { flavor: 'debian', base: `dir:${join(home, 'root')}`, engine: 'buildah' };
  const spec = await loadBuildSpec({ set: [], flags });
  const events: BuildEvent[] = [];
  const options = {
    useCache: true,
    locked: false,
    offline: false,
    emit: (event: BuildEvent) => void events.push(event),
    onLog: () => undefined,
  };
  const output = join(home, 'folder');
  const error = await failureOf(() => writeContext(spec, output, options), 'usage');
  expect(error.message).toContain(`${output} is not empty`);
  expect(events).toEqual([]);
  expect(calls().filter((call) => call.includes('pull'))).toEqual([]);
  expect([readdirSync(home).sort(), readdirSync(output)]).toEqual([['folder', 'root'], ['thesis.tex']]);
});

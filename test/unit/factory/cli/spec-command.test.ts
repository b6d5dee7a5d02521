import { expect, test } from 'vitest';
import { specCommand, specSources } from '../../../../src/factory/cli/commands/build.ts';

test.each(['--stage', '--containerfile-stage'])('%s sets when a Containerfile is applied', (flag) => {
  const command = specCommand('build').parse(['--containerfile', 'Own', flag, 'after'], { from: 'user' });
  expect(specSources(command.opts()).flags).toMatchObject({
    containerfile: 'Own',
    'containerfile-stage': 'after',
  });
});

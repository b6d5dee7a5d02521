import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { sharedDirectory } from '../support/temporary.ts';

const LAUNCHER = join(import.meta.dirname, '../../../bin/launch.cjs');

describe('the launcher', () => {
  const pretend = join(sharedDirectory(), 'pretend.cjs');
  beforeAll(() => {
    writeFileSync(
      pretend,
      `const version = process.env.PRETEND;
       Object.defineProperty(process, 'versions', { value: { ...process.versions, node: version } });
       Object.defineProperty(process, 'version', { value: 'v' + version });
       require('node:module').prototype.require = ((real) => function (name) {
         return name === './start.cjs' ? console.log('started') : real.call(this, name);
       })(require('node:module').prototype.require);`,
    );
  });

  /** Runs it on a Node.js that says to have this version; what comes after the question is replaced. */
  const launch = (version: string) =>
    spawnSync(process.execPath, ['--require', pretend, LAUNCHER, '--version'], {
      encoding: 'utf8',
      env: { PRETEND: version },
    });

  test.each(['22.22.0', '22.30.1', '24.0.0', '100.1.0'])('starts the program on %s', (version) => {
    expect(launch(version)).toMatchObject({ status: 0, stdout: 'started\n', stderr: '' });
  });

  test.each(['4.9.1', '18.20.8', '20.99.0', '22.3.1', '22.21.9'])(
    'says in one line what %s lacks',
    (version) => {
      expect(launch(version)).toMatchObject({
        status: 3,
        stdout: '',
        stderr: `error: kairos-factory needs Node.js 22.22 or newer, and ${process.execPath} is v${version}\n`,
      });
      expect(packageJson.engines.node).toBe('>=22.22');
    },
  );
});

import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { checkImage, isDirectory } from '../../pipeline/check-image.ts';
import { GROUPS } from '../option-groups.ts';
import { rememberLog } from '../render-error.ts';
import { ranInUserNamespace } from '../user-namespace.ts';

/** `kairos-factory check`: checks whether an image is a conformant OS image. */
export function checkCommand() {
  return new Command('check')
    .argument(
      '<image>',
      'docker://REGISTRY/NAME:TAG, docker-daemon:NAME[:TAG], oci:DIR[:TAG], docker-archive:FILE, FILE.tar[.gz|.xz|.zst], or a directory',
    )
    .optionsGroup(GROUPS.general)
    .option('--json', 'print the findings as JSON')
    .action(async (image, options) => {
      // Checking a directory needs no engine.
      if (!(await isDirectory(image)) && (await ranInUserNamespace())) return;
      const findings = await checkImage(image, rememberLog);
      if (options.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
      else {
        for (const { check, passed, required, text } of findings) {
          const mark = passed ? 'ok  ' : required ? 'FAIL' : 'warn';
          process.stdout.write(`${mark}  ${check}: ${text}\n`);
        }
      }
      const failed = findings.filter(({ passed, required }) => required && !passed).length;
      if (failed > 0)
        throw new FactoryError('IMAGE_NOT_OS', `${image}: ${failed} check(s) failed`, {
          remedy: 'Make an OS image of it: kairos-factory build --base IMAGE',
        });
    });
}

import { examineCloudConfig } from '../../../common/cloud-config/validate.ts';
import { type Check, type Finding, failure, ok, warning } from '../check.ts';

const LOCATION = /^((?:[^:]|:(?!\s))+)/;

/** The configurations of the node can be read, and have no errors. */
export const configurationCheck: Check = {
  id: 'configuration',
  on: 'any',
  run: async ({ host, config }) => {
    const { layers, problems } = await config();
    const findings: Finding[] = problems.map((problem) =>
      failure(problem, correct(LOCATION.exec(problem)?.[1])),
    );
    const files = [...new Set(layers.map(({ name }) => name))].filter((name) => name.startsWith('/'));
    for (const file of files) {
      const text = await host.readText(file);
      for (const { severity, place, message } of examineCloudConfig(file, text ?? '')) {
        const make = severity === 'error' ? failure : warning;
        findings.push(make(`${place}: ${message}`, correct(file)));
      }
    }
    return findings.length > 0
      ? findings
      : [ok(`${files.length} ${files.length === 1 ? 'file' : 'files'} without errors`)];
  },
};

function correct(file = 'the file'): string {
  const path = file.replace(/(:\d+)+$/, '');
  return `Correct ${path}, and check it with "kairos-agent validate ${path}".`;
}

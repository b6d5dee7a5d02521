import type { Answers, ProjectFile } from './answers.ts';
import { ciFile } from './ci-text.ts';
import { CLOUD_CONFIG, cloudConfigText } from './cloud-config-text.ts';
import { configurationText } from './configuration-text.ts';

/** The lines of the ignore files: what is made, and what must not be published. */
const IGNORED = ['/build/', '/release/', '/.cache/', '*.key', '*.log'];

/** The files of a new project. */
export function projectFiles(answers: Answers): ProjectFile[] {
  return [
    { path: 'kairos-factory.yaml', text: configurationText(answers), purpose: 'what is built' },
    { path: CLOUD_CONFIG, text: cloudConfigText(answers), purpose: 'the configuration of the nodes' },
    ...(answers.ci === undefined ? [] : [ciFile(answers.ci)]),
    ignoreFile('.gitignore', IGNORED, 'keeps artifacts and keys out of Git'),
    // The same of this directory as a build context, where a pattern has no leading slash.
    ignoreFile(
      '.dockerignore',
      ['.git', ...IGNORED.map((line) => line.replace(/^\/(.*)\/$/, '$1'))],
      'keeps them out of images',
    ),
  ];
}

function ignoreFile(path: string, lines: readonly string[], purpose: string): ProjectFile {
  return { path, text: `${lines.join('\n')}\n`, purpose, mayExist: true };
}

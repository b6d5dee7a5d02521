import type { Results, StepContext } from '../../../../../src/factory/pipeline/step.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';
import { realRunner } from '../../artifacts/support/runner.ts';

/** A step context, and the notices of the step. */
export function stepContext(): { readonly context: StepContext; readonly notices: readonly string[] } {
  const notices: string[] = [];
  const context = {
    runner: realRunner(),
    objects: temporaryDirectory(),
    scratch: temporaryDirectory(),
    say: () => undefined,
    glimpse: () => undefined,
    notice: (text: string) => void notices.push(text),
  };
  return { context, notices };
}

/** The result of the image step for a Debian image on amd64. @param own values of the release file that differ */
export function imageResults(epoch: number, own: Readonly<Record<string, string>> = {}): Results {
  const release = {
    KAIROS_FLAVOR: 'debian',
    KAIROS_FLAVOR_RELEASE: '12',
    KAIROS_FAMILY: 'debian',
    KAIROS_VARIANT: 'core',
    KAIROS_ARCH: 'amd64',
    KAIROS_MODEL: 'generic',
    KAIROS_VERSION: 'v1.2.3',
    ...own,
  };
  const tree = { bytes: 4096, inodes: 1, newest: epoch };
  const facts = { image: 'os', facts: { epoch, tree, release, osId: 'debian' } };
  return new Map([['image', { digest: 'image digest', facts, files: {} }]]);
}

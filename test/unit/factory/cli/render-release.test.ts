import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderRelease } from '../../../../src/factory/cli/run-release.ts';
import { releaseContents } from '../../../../src/factory/deliver/release/release-contents.ts';
import { sampleTarget } from '../deliver/release/support/sample.ts';

const folder = join(process.cwd(), 'releases/v1.2.3');
const { release } = releaseContents({
  targets: [sampleTarget('core', { endings: ['.iso', '.squashfs'] })],
  ...{ previous: undefined, tool: 'tool', isSigned: false },
});

describe('renderRelease', () => {
  test('renders a complete release', () => {
    const text = renderRelease({ folder, outcome: 'finished', missing: [], release });
    expect(text).toMatch(
      /^Release v1\.2\.3 in releases\/v1\.2\.3 is finished, and verified: 3 files, \d+\.\d KiB\.\n/,
    );
    expect(text).toContain('View it: releases/v1.2.3/index.html\n');
    expect(renderRelease({ folder, outcome: 'unchanged', missing: [], release })).toContain('is up to date');
  });

  test('renders missing targets', () => {
    const missing = ['a', 'b'];
    expect(renderRelease({ folder, outcome: 'unfinished', missing })).toBe(
      'The release in releases/v1.2.3 is not finished. Missing targets: a, b.\n',
    );
    expect(renderRelease({ folder, outcome: 'kept', missing })).toMatch(
      /The finished release in \S+ is kept\.\n$/,
    );
    expect(renderRelease({ folder, outcome: 'nothing', missing })).toMatch(/^No target is finished;/);
  });
});

import { expect, test } from 'vitest';
import { writeIssue } from '../../../../src/agent/host/write-issue.ts';
import { testHost } from '../support/test-host.ts';

test.each([
  ['beside /etc/issue, which old versions of agetty demand', { '/etc/issue': 'Debian' }, '/etc/issue.d'],
  ['in /run without /etc/issue', {}, '/run/issue.d'],
])('a notice above the login prompt is %s', async (_, files, directory) => {
  await using host = await testHost({ files });
  await writeIssue(host, '50-a.issue', 'a\\b');
  expect(await host.list(directory)).toEqual(['50-a.issue']);
  expect(await host.readText(`${directory}/50-a.issue`)).toBe('a\\\\b');
});

import { describe, expect, test } from 'vitest';
import { anchorsOf, brokenCitations, CONTRACT } from './citations.ts';
import { projectFiles } from './project-files.ts';

/** Files that contain the old forms on purpose. */
const CHECKER = 'test/checks/citations';

test('every citation and every relative link leads to something in the repository', async () => {
  const files = await projectFiles();
  expect(files.size).toBeGreaterThan(500);
  const problems = [...files]
    .filter(([path]) => !path.startsWith(CHECKER))
    .flatMap(([path, text]) => brokenCitations(path, text, files));
  expect(problems).toEqual([]);
});

test('every decision is listed in the index of decisions', async () => {
  const files = await projectFiles();
  const index = files.get('docs/decisions/README.md') ?? '';
  const decisions = [...files.keys()].flatMap(
    (path) => /^docs\/decisions\/(\d{4}-.+\.md)$/.exec(path)?.[1] ?? [],
  );
  expect(decisions.length).toBeGreaterThan(5);
  expect(decisions.filter((name) => !index.includes(`(${name})`))).toEqual([]);
});

describe('the checker', () => {
  const files = new Map([
    [CONTRACT, '# Contract\n\n## 2. Boot\n\n### 2.3 Boot assessment & fallback\n'],
    ['docs/decisions/0001-one.md', '# 1: One\n'],
    ['src/a.ts', ''],
  ]);
  const inCode = (comment: string) => brokenCitations('src/a.ts', comment, files);
  const inPage = (text: string) => brokenCitations('docs/page.md', text, files);

  test.each([
    '/** Counts boots (docs/contract.md 2.3). */',
    ' * (docs/contract.md 2, 2.3; docs/decisions/0001-one.md): the rest',
    '// docs/contract.md#23-boot-assessment--fallback',
  ])('accepts %s', (comment) => expect(inCode(comment)).toEqual([]));

  test.each([
    ['/** (docs/contract.md 2.4) */', 'src/a.ts: docs/contract.md has no heading 2.4'],
    [' * docs/contract.md 2.3, 9.1', 'src/a.ts: docs/contract.md has no heading 9.1'],
    [' * docs/contract.md 2.3,\n * 9.2', 'src/a.ts: docs/contract.md has no heading 9.2'],
    ['// docs/decisions/0002-two.md', 'src/a.ts: there is no docs/decisions/0002-two.md'],
    ['// docs/contract.md#24-else', 'src/a.ts: docs/contract.md has no heading #24-else'],
  ])('reports %s', (comment, problem) => expect(inCode(comment)).toEqual([problem]));

  test.each([
    'as in contract 5.4',
    'Contract 2.2, but for arm64',
    'the contract, section 6.1',
    'design, decision 9',
    'design, "Measured"',
    'peers.md, B3',
    'the first plan',
  ])('reports the old form %s', (comment) => expect(inCode(comment)).toHaveLength(1));

  test('reports links of a page that lead nowhere, and no others', () => {
    expect(inPage('[a](contract.md#2-boot) [b](../src/a.ts) [c](https://kairos.io) [d](decisions)')).toEqual(
      [],
    );
    expect(inPage('[a](nothing.md) [b](contract.md#3) [c](#here)')).toEqual([
      'docs/page.md: there is no docs/nothing.md',
      'docs/page.md: docs/contract.md has no heading #3',
      'docs/page.md: there is no docs/page.md',
    ]);
    expect(inPage('`src/a.ts` `src/NAME.ts` `src/b.ts`')).toEqual(['docs/page.md: there is no src/b.ts']);
    expect(inPage('```text\n[a](nothing.md)\n```\n')).toEqual([]);
  });

  test('derives anchors as GitHub does', () => {
    expect([...anchorsOf('# A `b`\n## 2.3 C & d, e\n## A b\n')]).toEqual(['a-b', '23-c--d-e', 'a-b-1']);
  });
});

import { type ProofResult, shownTest } from './proof-result.ts';

/** Renders results in the JUnit format that CI systems show: a suite for each machine, a case for each check. */
export function renderJunit(results: readonly ProofResult[]): string {
  const suites = Map.groupBy(results, ({ machine }) => machine);
  const lines = [...suites].flatMap(([machine, cases]) => [
    `  <testsuite name="${escaped(machine)}" tests="${cases.length}" failures="${cases.filter(({ failure }) => failure !== undefined).length}">`,
    ...cases.flatMap(renderCase),
    '  </testsuite>',
  ]);
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...lines, '</testsuites>', ''].join('\n');
}

function renderCase({ seconds, output, failure, ...test }: ProofResult): string[] {
  const open = `    <testcase classname="${escaped(test.machine)}" name="${escaped(shownTest(test))}" time="${seconds.toFixed(3)}"`;
  const inside = [
    ...(failure === undefined ? [] : [`      <failure message="${escaped(failure)}"/>`]),
    ...(output === '' ? [] : [`      <system-out>${escaped(output)}</system-out>`]),
  ];
  return inside.length === 0 ? [`${open}/>`] : [`${open}>`, ...inside, '    </testcase>'];
}

/** Text for XML 1.0, without the control characters that it cannot contain. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

import { expect, test } from 'vitest';
import { renderJunit } from '../../../../src/factory/prove/junit.ts';
import type { ProofResult } from '../../../../src/factory/prove/proof-result.ts';
import { testResultStatement } from '../../../../src/factory/prove/test-result.ts';

const RESULTS: readonly ProofResult[] = [
  { machine: 'os.iso on bios', event: 'boot', seconds: 61.2, output: '' },
  {
    machine: 'os.iso on bios',
    event: 'boot',
    check: '"a" & <b>',
    seconds: 0.5,
    output: 'bell \u0007 and \u001b[0m',
    failure: 'the check ended with status 1',
  },
  { machine: 'os.raw on uefi', event: 'boot', seconds: 1, output: 'v1 < v2' },
];

test('JUnit has a suite for each machine, and only characters that XML can contain', () => {
  expect(renderJunit(RESULTS)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="os.iso on bios" tests="2" failures="1">
    <testcase classname="os.iso on bios" name="boot" time="61.200"/>
    <testcase classname="os.iso on bios" name="boot: &quot;a&quot; &amp; &lt;b&gt;" time="0.500">
      <failure message="the check ended with status 1"/>
      <system-out>bell \uFFFD and \uFFFD[0m</system-out>
    </testcase>
  </testsuite>
  <testsuite name="os.raw on uefi" tests="1" failures="0">
    <testcase classname="os.raw on uefi" name="boot" time="1.000">
      <system-out>v1 &lt; v2</system-out>
    </testcase>
  </testsuite>
</testsuites>
`);
});

test('the statement names what passed and what failed, and does not depend on durations', () => {
  const subjects = [{ name: 'os.iso', digest: { sha256: 'a'.repeat(64) } }];
  const slower = RESULTS.map((result) => ({ ...result, seconds: result.seconds * 2, output: 'other' }));
  const statement = testResultStatement(subjects, RESULTS, [{ uri: 'urn:x' }]);
  expect(testResultStatement(subjects, slower, [{ uri: 'urn:x' }])).toEqual(statement);
  expect(statement).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects,
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: {
      result: 'FAILED',
      configuration: [{ uri: 'urn:x' }],
      passedTests: ['os.iso on bios/boot', 'os.raw on uefi/boot'],
      failedTests: ['os.iso on bios/boot/"a" & <b>'],
    },
  });
  expect(testResultStatement(subjects, RESULTS.slice(0, 1), [])).toMatchObject({
    predicate: { result: 'PASSED' },
  });
});

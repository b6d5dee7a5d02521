import { expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { requireTools } from '../../../../src/factory/tools/check-tool.ts';
import { joinFaults } from '../../../../src/factory/tools/join-faults.ts';
import { failureOf } from '../../support/failure.ts';
import { realRunner } from '../artifacts/support/runner.ts';

const tool = (name: string, named: string) => ({ name, package: named, purpose: `does ${name}` });

test('several missing programs are one error, with one command that installs them all', async () => {
  const tools = [
    tool('none-b', 'package-b'),
    tool('none-a', 'package-a'),
    tool('sh', 'dash'),
    tool('none-c', 'package-a'),
  ];
  const error = await failureOf(() => requireTools(realRunner(), tools), 'tool');
  expect([error.code, error.message]).toEqual(['TOOL_MISSING', '3 programs are not installed']);
  expect(error.details).toEqual([
    'none-b is not installed (does none-b)',
    'none-a is not installed (does none-a)',
    'none-c is not installed (does none-c)',
  ]);
  expect(error.remedy).toMatch(/^Install them: .*install package-a package-b$/);
});

test('a single fault stays as it is, also when it was found twice', () => {
  const error = new FactoryError('TOOL_MISSING', 'x is not installed', { remedy: 'Install it: x' });
  expect(joinFaults([{ error }])).toBe(error);
  expect(joinFaults([{ error }, { error: new FactoryError('TOOL_MISSING', error.message) }]).message).toBe(
    error.message,
  );
});

test('faults of several kinds are one error with all remedies', () => {
  const missing = new FactoryError('TOOL_MISSING', 'x is not installed', { remedy: 'unused' });
  const ids = new FactoryError('SUBORDINATE_IDS_MISSING', 'no ids', {
    remedy: 'Run: usermod',
    details: ['of ann'],
  });
  const error = joinFaults([{ error: missing, tool: tool('x', 'package-x') }, { error: ids }]);
  expect([error.code, error.message]).toEqual(['MACHINE_UNREADY', 'this machine lacks 2 things']);
  expect(error.details).toEqual(['x is not installed (does x)', 'no ids', 'of ann']);
  expect(error.remedy).toMatch(/^Install it: .*install package-x Run: usermod$/);
});

test('a program that no package manager installs keeps its own advice', () => {
  const own = { ...tool('y', 'y'), install: 'Build it.' };
  const missing = (name: string, remedy: string) =>
    new FactoryError('TOOL_MISSING', `${name} is not installed`, { remedy });
  const error = joinFaults([
    { error: missing('x', ''), tool: tool('x', 'package-x') },
    { error: missing('y', 'Build it.'), tool: own },
  ]);
  expect(error.remedy).toMatch(/install package-x Build it\.$/);
});

import { describe, expect, test } from 'vitest';
import {
  matches,
  matchProblem,
  repositoryName,
  specificity,
} from '../../../../src/common/trust/repository-match.ts';

test.each([
  ['Registry.Example.com', 'os/debian', 'registry.example.com/os/debian'],
  ['registry.example.com.:443', 'os/debian', 'registry.example.com/os/debian'],
  ['localhost:5000', 'os', 'localhost:5000/os'],
  ['index.docker.io', 'debian', 'docker.io/library/debian'],
  ['registry-1.docker.io', 'kairos/os', 'docker.io/kairos/os'],
])('%s and %s are %s', (registry, repository, name) =>
  expect(repositoryName(registry, repository)).toBe(name),
);

describe('a pattern', () => {
  test.each([
    ['r.io/os/debian', 'r.io/os/debian'],
    ['r.io/os/*', 'r.io/os/debian'],
    ['r.io/*/debian', 'r.io/os/debian'],
    ['r.io/os/deb*', 'r.io/os/debian'],
    ['r.io/**', 'r.io/os/more/debian'],
    ['r.io/**/debian', 'r.io/os/more/debian'],
    ['r.io/os/', 'r.io/os/more/debian'],
    ['**', 'anything/at/all'],
    ['[::1]:5000/os/*', '[::1]:5000/os/debian'],
  ])('%s matches %s', (match, name) => {
    expect(matchProblem(match)).toBeUndefined();
    expect(matches(match, name)).toBe(true);
  });

  test.each([
    ['r.io/os/*', 'r.io/os/more/debian'],
    ['r.io/os/*', 'rxio/os/debian'],
    ['r.io/os', 'r.io/os/debian'],
    ['r.io/os', 'r.io/osx'],
    ['r.io/os/', 'r.io/os'],
    ['r.io/os/', 'r.io/osx/debian'],
    ['r.io/**', 'evil.io/r.io/os'],
    ['*/os', 'evil.io/r.io/os'],
    ['r.io/os/debian', 'r.io/os/debian\n'],
  ])('%s does not match %j', (match, name) => expect(matches(match, name)).toBe(false));

  test.each([
    'r.io/os:v1',
    'r.io/os@sha256',
    'https://r.io/os',
    'r.io',
    '*',
    '/os',
    'r.io/OS',
    'r.io/os/***',
    '',
  ])('%j is not a pattern', (match) => expect(matchProblem(match)).toBeTypeOf('string'));

  test('is as specific as the text before its first star', () => {
    expect(['**', 'r.io/*', 'r.io/os/', 'r.io/os/debian'].map(specificity)).toEqual([0, 5, 8, 14]);
  });
});

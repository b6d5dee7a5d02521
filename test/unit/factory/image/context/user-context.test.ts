import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { userContextEntries } from '../../../../../src/factory/image/context/user-context.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

describe('userContextEntries', () => {
  const paths = (home: string, file = 'Containerfile', products: string[] = []) =>
    userContextEntries({ file: join(home, file), stage: 'before', context: home, products }).map(
      ({ path }) => path,
    );

  test('lists all files except the recipe', () => {
    const home = plant(temporaryDirectory(), { Containerfile: 'RUN a', 'd/f': '1', link: { link: 'd' } });
    expect(paths(home)).toEqual(['d', 'd/f', 'link']);
  });

  test('excludes the output of builds', () => {
    const home = plant(temporaryDirectory(), { 'build/os.raw': '1', 'out/build/f': '1', lock: '1' });
    const products = [join(home, 'build'), join(home, 'lock'), home, join(home, '../other')];
    expect(paths(home, 'Containerfile', products)).toEqual(['out', 'out/build', 'out/build/f']);
  });

  test('honours the ignore file, and excludes it', () => {
    const home = plant(temporaryDirectory(), { '.dockerignore': 'd/secret\n', 'd/secret': 's', 'd/f': '1' });
    expect(paths(home)).toEqual(['d', 'd/f']);
  });

  test('uses only the ignore file of the Containerfile, if there is one', () => {
    const home = plant(temporaryDirectory(), {
      '.dockerignore': '*',
      'My.Containerfile': 'RUN a',
      'My.Containerfile.dockerignore': 'b',
      a: '1',
      b: '1',
    });
    expect(paths(home, 'My.Containerfile')).toEqual(['a']);
  });
});

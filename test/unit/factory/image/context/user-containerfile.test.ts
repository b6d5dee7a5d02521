import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkContainerfile,
  refusePulls,
  userContextEntries,
} from '../../../../../src/factory/image/context/user-containerfile.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const BASE = '$' + '{BASE_IMAGE}';
const render = (text: string) => {
  const { globals, render: withBase } = checkContainerfile('Own', text);
  return [...globals, ...withBase('the-base')].join('\n');
};

describe('checkContainerfile', () => {
  test('without a FROM is applied to the base as a whole', () => {
    expect(render('# mine\nRUN a\n')).toBe('FROM the-base\n# mine\nRUN a\n');
  });

  test('puts the base in where the variable stands, in each of its forms, and keeps the rest', () => {
    const text = `ARG BASE_IMAGE=ubuntu:24.04\nFROM --platform=linux/amd64 $BASE_IMAGE AS Tools\nRUN a\nFROM ${BASE}\nCOPY --from=tools /a /a`;
    expect(render(text)).toBe(
      'ARG BASE_IMAGE=ubuntu:24.04\nFROM --platform=linux/amd64 the-base AS tools\nRUN a\nFROM the-base\nCOPY --from=tools /a /a',
    );
    expect(render(`FROM ${BASE.replace('}', ':-debian}')}`)).toBe('FROM the-base');
  });

  test('takes parser directives out, for the head of the whole', () => {
    const checked = checkContainerfile('Own', '# escape=`\nRUN a');
    expect(checked.directives).toEqual(['# escape=`']);
    expect(checked.render('b')).toEqual(['FROM b', 'RUN a']);
  });

  test('takes the arguments of all stages out, to stand before any stage', () => {
    const checked = checkContainerfile('Own', `# escape=\`\n# mine\nARG A=1\nFROM ${BASE}\nARG A\nRUN a`);
    expect(checked.globals).toEqual(['# mine', 'ARG A=1']);
    expect(checked.render('b')).toEqual(['FROM b', 'ARG A', 'RUN a']);
  });

  test('may come to the base through other stages', () => {
    expect(render(`FROM ${BASE} AS one\nFROM scratch AS x\nFROM one`)).toBe(
      'FROM the-base AS one\nFROM scratch AS x\nFROM one',
    );
  });

  test.each([
    ['FROM debian:12\nRUN a', /^Own:1: its last stage starts from "debian:12", so the base would be lost$/],
    [`FROM ${BASE} AS a\nFROM scratch`, /^Own:2: its last stage starts from "scratch"/],
    ['FROM later\nFROM scratch AS later', /^Own:2: its last stage starts from "scratch"/],
    [`RUN a\nFROM ${BASE}`, /^Own:1: RUN stands before the first FROM$/],
    [`FROM ${BASE}\nFROM ${BASE}\nCOPY --from=0 /a /b`, /^Own:3: a stage is named by its number$/],
    ['# nothing\n', /^Own:1: it has no instruction$/],
  ])('%j is refused with its line', async (text, message) => {
    const error = await failureOf(() => checkContainerfile('Own', text), 'usage');
    expect(error.message).toMatch(message);
    expect(error.remedy).toBeDefined();
  });

  test.each([
    [
      `FROM golang:1 AS go\nFROM ${BASE}\nCOPY --from=go /a /a`,
      'Own:1: image "golang:1" would have to be pulled',
    ],
    ['RUN a\nCOPY --chown=0:0 --from=busybox:1 /bin/busybox /bin/', 'Own:2: image "busybox:1" would have'],
  ])('%j names an image that nothing pulls', async (text, message) => {
    const checked = checkContainerfile('Own', text);
    const error = await failureOf(() => refusePulls('Own', checked), 'usage');
    expect(error.message).toContain(message);
  });

  test('pulls nothing for its own stages, and COPY of a file that is called like a flag', () => {
    const checked = checkContainerfile(
      'Own',
      `FROM scratch AS s\nFROM ${BASE}\nCOPY --from=s a --from=x b/\n`,
    );
    expect(checked.pulls).toEqual([]);
  });
});

describe('userContextEntries', () => {
  const paths = (home: string, file = 'Containerfile', products: string[] = []) =>
    userContextEntries({ file: join(home, file), stage: 'before', context: home, products }).map(
      ({ path }) => path,
    );

  test('are all files but the recipe', () => {
    const home = plant(temporaryDirectory(), { Containerfile: 'RUN a', 'd/f': '1', link: { link: 'd' } });
    expect(paths(home)).toEqual(['d', 'd/f', 'link']);
  });

  test('are not what builds write', () => {
    const home = plant(temporaryDirectory(), { 'build/os.raw': '1', 'out/build/f': '1', lock: '1' });
    const products = [join(home, 'build'), join(home, 'lock'), home, join(home, '../other')];
    expect(paths(home, 'Containerfile', products)).toEqual(['out', 'out/build', 'out/build/f']);
  });

  test('honour the ignore file, and do not hold it', () => {
    const home = plant(temporaryDirectory(), { '.dockerignore': 'd/secret\n', 'd/secret': 's', 'd/f': '1' });
    expect(paths(home)).toEqual(['d', 'd/f']);
  });

  test('honour the one of the Containerfile alone, where there is one', () => {
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

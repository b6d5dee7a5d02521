import { describe, expect, test } from 'vitest';
import {
  checkContainerfile,
  refusePulls,
} from '../../../../../src/factory/image/context/user-containerfile.ts';
import { failureOf } from '../../../support/failure.ts';

const BASE = '$' + '{BASE_IMAGE}';
const render = (text: string) => {
  const { globals, render: withBase } = checkContainerfile('Own', text);
  return [...globals, ...withBase('the-base')].join('\n');
};

describe('checkContainerfile', () => {
  test('applies a file without FROM to the base as a whole', () => {
    expect(render('# mine\nRUN a\n')).toBe('FROM the-base\n# mine\nRUN a\n');
  });

  test('replaces the variable, in all of its forms, with the base and keeps the rest', () => {
    const text = `ARG BASE_IMAGE=ubuntu:24.04\nFROM --platform=linux/amd64 $BASE_IMAGE AS Tools\nRUN a\nFROM ${BASE}\nCOPY --from=tools /a /a`;
    expect(render(text)).toBe(
      'ARG BASE_IMAGE=ubuntu:24.04\nFROM --platform=linux/amd64 the-base AS tools\nRUN a\nFROM the-base\nCOPY --from=tools /a /a',
    );
    expect(render(`FROM ${BASE.replace('}', ':-debian}')}`)).toBe('FROM the-base');
  });

  test('separates parser directives, which must come first in the merged file', () => {
    const checked = checkContainerfile('Own', '# escape=`\nRUN a');
    expect(checked.directives).toEqual(['# escape=`']);
    expect(checked.render('b')).toEqual(['FROM b', 'RUN a']);
  });

  test('separates global arguments, which must precede every stage', () => {
    const checked = checkContainerfile('Own', `# escape=\`\n# mine\nARG A=1\nFROM ${BASE}\nARG A\nRUN a`);
    expect(checked.globals).toEqual(['# mine', 'ARG A=1']);
    expect(checked.render('b')).toEqual(['FROM b', 'ARG A', 'RUN a']);
  });

  test('accepts a last stage that reaches the base through other stages', () => {
    expect(render(`FROM ${BASE} AS one\nFROM scratch AS x\nFROM one`)).toBe(
      'FROM the-base AS one\nFROM scratch AS x\nFROM one',
    );
  });

  test.each([
    ['FROM debian:12\nRUN a', /^Own:1: its last stage starts from "debian:12", so the base would be lost$/],
    [`FROM ${BASE} AS a\nFROM scratch`, /^Own:2: its last stage starts from "scratch"/],
    ['FROM later\nFROM scratch AS later', /^Own:2: its last stage starts from "scratch"/],
    [`RUN a\nFROM ${BASE}`, /^Own:1: RUN comes before the first FROM$/],
    [`FROM ${BASE}\nFROM ${BASE}\nCOPY --from=0 /a /b`, /^Own:3: COPY --from refers to a stage by number$/],
    ['# nothing\n', /^Own:1: there are no instructions$/],
  ])('refuses %j and reports the line', async (text, message) => {
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
  ])('refuses %j, which needs an image that is never pulled', async (text, message) => {
    const checked = checkContainerfile('Own', text);
    const error = await failureOf(() => refusePulls('Own', checked), 'usage');
    expect(error.message).toContain(message);
  });

  test('needs no image for its own stages, or for a file named like a flag in COPY', () => {
    const checked = checkContainerfile(
      'Own',
      `FROM scratch AS s\nFROM ${BASE}\nCOPY --from=s a --from=x b/\n`,
    );
    expect(checked.pulls).toEqual([]);
  });
});

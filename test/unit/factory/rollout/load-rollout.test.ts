import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadRollout } from '../../../../src/factory/rollout/load-rollout.ts';
import { rolloutJsonSchema } from '../../../../src/factory/rollout/schema.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const START = 'image: oci:registry.example.com/fleet/os:v2\n';
const NODES = 'nodes: [{name: a, groups: [lab]}, {name: b}]\n';

async function load(text: string) {
  const directory = temporaryDirectory();
  plant(directory, { 'rollout.yaml': text });
  return { directory, load: () => loadRollout(join(directory, 'rollout.yaml')) };
}

test('a file with only an image and nodes has defaults that are careful', async () => {
  const spec = await (await load(START + NODES)).load();
  expect(spec).toMatchObject({
    image: 'registry.example.com/fleet/os:v2',
    waves: [1],
    'max-unavailable': 1,
    health: { doctor: true, commands: [], http: [] },
    limits: { connect: 60, upgrade: 3600, reboot: 900, health: 600 },
  });
});

// If this fails, run: npm run docs
test('docs/rollout.schema.json matches the schema', () => {
  const file = join(import.meta.dirname, '../../../../docs/rollout.schema.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(rolloutJsonSchema());
});

test('paths are relative to the file', async () => {
  const { directory, load: read } = await load(`${START}${NODES}ssh: {identity: id, known-hosts: known}\n`);
  expect((await read()).ssh).toEqual({
    identity: join(directory, 'id'),
    'known-hosts': join(directory, 'known'),
  });
});

describe('mistakes are named with line, column and value', () => {
  test.each([
    [`image: Not An Image\n${NODES}`, /rollout\.yaml:1:1: image: .*does not name an image/],
    [START, /nodes/],
    [`${START}nodes: []\n`, /:2:1: nodes/],
    [`${START}nodes:\n  - name: a\n  - name: a\n`, /:4:5: .*two nodes have the name "a"/],
    [
      `${START}nodes: [{name: a, address: -oProxyCommand=x}]\n`,
      /:2:19: .*is not a host name or an IP address/,
    ],
    [`${START}nodes: [{name: a, user: "-l"}]\n`, /is not a user name/],
    [`${START}nodes: [{name: a, port: 70000}]\n`, /:2:19: nodes\.0\.port/],
    [`${START}nodes: [{name: "a b"}]\n`, /is not a name/],
    [`${START}${NODES}waves: [0]\n`, /waves\.0: 0 is too small/],
    [`${START}${NODES}waves: ["101%"]\n`, /"101%" is not a percentage from 1% to 100%/],
    [`${START}${NODES}waves: [{group: lap}]\n`, /no node is in the group "lap"/],
    [`${START}${NODES}waves: [rest, 1]\n`, /a wave follows "rest"/],
    [`${START}${NODES}max-unavailable: 0\n`, /:3:1: max-unavailable/],
    [`${START}${NODES}maxUnavailable: 1\n`, /:3:1: unknown key "maxUnavailable".*max-unavailable/],
    [`${START}${NODES}limits: {reboot: soon}\n`, /:3:10: .*is not a duration/],
    [`${START}${NODES}health: {http: [{url: "ftp://x"}]}\n`, /is not a URL of http or https/],
    [
      `${START}${NODES}health: {http: [{url: "http://user:pass@x/"}]}\n`,
      /is not a URL of http or https without user and password/,
    ],
    [`${START}${NODES}on-failure: rollback\n`, /:3:1: unknown key "on-failure"/],
  ])('%j', async (text, message) => {
    const error = await failureOf((await load(text)).load, 'usage');
    expect([error.message, ...error.details].join('\n')).toMatch(message);
    expect(error.remedy).toContain('docs/rollout.md');
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { anchorBase } from '../../../../src/factory/farm/anchor-base.ts';
import { LONGEST_REPORT, readReport, writeReport } from '../../../../src/factory/farm/build-report.ts';
import { largestResources } from '../../../../src/factory/farm/largest-resources.ts';
import { plainText } from '../../../../src/factory/farm/plain-text.ts';
import { prepareBuild } from '../../../../src/factory/farm/prepare-build.ts';
import { reportBuild } from '../../../../src/factory/farm/report-build.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

function podOf(files: Readonly<Record<string, string>>) {
  const root = temporaryDirectory();
  plant(root, files);
  const place = {
    artifacts: join(root, 'artifacts'),
    values: join(root, 'values'),
    work: join(root, 'work'),
  };
  const file = {
    configuration: join(root, 'work/kairos-factory.yaml'),
    containerfile: join(root, 'work/Containerfile'),
    authorities: join(root, 'work/authorities.pem'),
    template: join(root, 'template'),
  };
  return { root, places: { place, file }, read: (name: string) => readFileSync(join(root, name), 'utf8') };
}

test('a Containerfile is rendered in the pod, and its image becomes the base', async () => {
  const pod = podOf({
    'artifacts/old.iso': 'of another build',
    'values/Greeting': 'secret words',
    'values/Base': 'is overridden',
    template: 'FROM {{ .Base }} AS one\nRUN echo {{ .Greeting }} {{ env "HOME" }}.\nFROM one\n',
    'ca/b.crt': 'B',
    'ca/a.pem': 'A\n',
    'ca/readme': 'no certificate',
  });
  const plan = {
    ...{ build: 'os-1', insecureBase: true, names: {}, authorities: join(pod.root, 'ca') },
    ...{ configuration: { artifacts: ['iso'] }, values: { Base: 'registry.example.com/base:1' } },
  };
  await prepareBuild(plan, pod.places);
  expect(pod.read('work/Containerfile')).toBe(
    'FROM ${BASE_IMAGE} AS one\nRUN echo secret words .\nFROM one\n',
  );
  expect(parse(pod.read('work/kairos-factory.yaml'))).toEqual({
    artifacts: ['iso'],
    base: 'registry.example.com/base:1',
    registries: [
      { registry: 'registry.example.com', insecure: true, ca: join(pod.root, 'work/authorities.pem') },
    ],
  });
  expect(pod.read('work/authorities.pem')).toBe('A\nB\n');
  expect(existsSync(join(pod.root, 'artifacts/old.iso'))).toBe(false);
});

test('a repeated build keeps what its first try has left', async () => {
  const pod = podOf({ 'artifacts/lost+found/x': '' });
  const plan = { build: 'os-1', insecureBase: false, names: {} };
  await prepareBuild(plan, pod.places);
  plant(pod.root, { 'artifacts/os.iso': 'kept' });
  await prepareBuild(plan, pod.places);
  expect(pod.read('artifacts/os.iso')).toBe('kept');
  await prepareBuild({ ...plan, build: 'os-2' }, pod.places);
  expect(existsSync(join(pod.root, 'artifacts/os.iso'))).toBe(false);
  expect(existsSync(join(pod.root, 'artifacts/lost+found/x'))).toBe(true);
});

test('only one image is a base', () => {
  expect(anchorBase('FROM a\nCOPY --from=b / /\nFROM c\n').base).toBeUndefined();
  expect(anchorBase('FROM ${BASE_IMAGE}\n')).toEqual({ text: 'FROM ${BASE_IMAGE}\n' });
  expect(anchorBase('from --platform=linux/amd64 a:1 as x\nFROM x')).toEqual({
    text: 'from --platform=linux/amd64 ${BASE_IMAGE} as x\nFROM x',
    base: 'a:1',
  });
});

test('a report names the files, the image, and gives exporters their names', async () => {
  const sha256 = 'c'.repeat(64);
  const digest = `sha256:${'d'.repeat(64)}`;
  const entry = (kind: string, file: string) => ({ kind, file, size: 3, sha256 });
  const artifacts = [
    entry('iso', 'kairos-1.iso'),
    entry('gce', 'kairos-1.gce.tar.gz'),
    entry('oci', 'os.oci/index.json'),
  ];
  const { root, read } = podOf({
    'out/manifest.json': JSON.stringify({ artifacts }),
    'out/kairos-1.iso': 'iso',
    'out/kairos-1.gce.tar.gz': 'gce',
    'out/os.oci/index.json': JSON.stringify({ manifests: [{ digest }] }),
  });
  const text = await reportBuild({ names: { iso: 'installer', gce: 'os' } }, join(root, 'out'));
  expect(readReport(text)).toEqual({ digest, artifacts });
  expect([read('out/installer.iso'), read('out/os.gce.tar.gz')]).toEqual(['iso', 'gce']);
});

test('a report always fits, and counts what it leaves out', () => {
  const artifacts = Array.from({ length: 90 }, (_, index) => ({
    ...{ kind: 'iso', file: `target-${index}/${'ü'.repeat(40)}.iso`, size: 2 ** 40, sha256: 'e'.repeat(64) },
  }));
  const text = writeReport({ artifacts });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LONGEST_REPORT);
  const report = readReport(text);
  expect(report?.artifacts.length).toBeGreaterThan(10);
  expect((report?.artifacts.length ?? 0) + (report?.omitted ?? 0)).toBe(90);
  expect(readReport('{"artifacts":[{"kind":"iso"}]}')).toBeUndefined();
});

test('one container gets the largest of all values', () => {
  expect(
    largestResources([
      { requests: { memory: '2Gi', cpu: '500m' } },
      undefined,
      { requests: { memory: '3000Mi', cpu: 1 }, limits: { memory: '1e9' } },
    ]),
  ).toEqual({ requests: { memory: '3000Mi', cpu: 1 }, limits: { memory: '1e9' } });
});

test.each([
  ['fetch https://user:pw1234@host/', 'fetch https://[hidden]@host/'],
  ['Authorization: Bearer abcdefgh1234', 'Authorization: Bearer [hidden]'],
  ['token=abc&x=1', 'token=[hidden]&x=1'],
  ['\u001b[31mred\u001b[0m\u0007', 'red'],
  ['-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----', '[hidden]'],
])('%j is shown as %j', (text, shown) => {
  expect(plainText(text)).toBe(shown);
});

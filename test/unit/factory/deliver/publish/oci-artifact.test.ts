import { expect, test } from 'vitest';
import { digestOf } from '../../../../../src/common/files/digest.ts';
import { parseManifest } from '../../../../../src/common/oci/registry/image-manifest.ts';
import { parsePlatform } from '../../../../../src/common/oci/registry/platform.ts';
import { fileType } from '../../../../../src/factory/deliver/publish/file-types.ts';
import { imageIndex } from '../../../../../src/factory/deliver/publish/image-index.ts';
import { EMPTY_CONFIG, ociArtifact } from '../../../../../src/factory/deliver/publish/oci-artifact.ts';
import { chooseFiles } from '../../../../../src/factory/deliver/publish/pack-files.ts';

const digest = (text: string) => digestOf(Buffer.from(text));
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

// The expected manifest follows image-spec 1.1, "Guidelines for Artifact Usage", and the output of oras.
test('an artifact has the empty configuration, files with titles, and a subject', () => {
  const subject = { mediaType: MANIFEST, digest: digest('image'), size: 7 };
  const layer = { title: 'os.iso', mediaType: 'application/vnd.efi.iso', digest: digest('iso'), size: 3 };
  const description = {
    type: layer.mediaType,
    subject,
    layers: [layer],
    epoch: 1_700_000_000,
    version: 'v1',
  };
  const { bytes, referrer, ...artifact } = ociArtifact(description);
  const annotations = {
    'org.opencontainers.image.created': '2023-11-14T22:13:20Z',
    'org.opencontainers.image.title': 'os.iso',
    'org.opencontainers.image.version': 'v1',
  };
  expect(JSON.parse(String(bytes))).toEqual({
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: 'application/vnd.efi.iso',
    config: {
      mediaType: 'application/vnd.oci.empty.v1+json',
      // Digest and size from the specification.
      digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      size: 2,
      data: EMPTY_CONFIG.toString('base64'),
    },
    layers: [
      {
        mediaType: layer.mediaType,
        digest: layer.digest,
        size: 3,
        annotations: { 'org.opencontainers.image.title': 'os.iso' },
      },
    ],
    subject,
    annotations,
  });
  expect(parseManifest('it', bytes).kind).toBe('manifest');
  expect(referrer).toEqual({
    ...artifact,
    size: bytes.length,
    artifactType: 'application/vnd.efi.iso',
    annotations,
  });
  expect(ociArtifact(description).digest).toBe(artifact.digest);
});

test('an index does not depend on the order of its images and has one image per platform', () => {
  const image = (platform: string, name = platform) => ({
    digest: digest(name),
    mediaType: MANIFEST,
    size: 1,
    platform: parsePlatform(platform),
  });
  const amd64 = image('linux/amd64');
  const arm64 = image('linux/arm64/v8');
  expect(imageIndex([arm64, amd64]).digest).toBe(imageIndex([amd64, arm64, amd64]).digest);
  expect(JSON.parse(String(imageIndex([arm64, amd64]).bytes)).manifests).toEqual([amd64, arm64]);
  expect(() => imageIndex([amd64, image('linux/amd64', 'another')])).toThrow('linux/amd64');
});

test('file names determine media types, and kinds select files', () => {
  const stem = 'kairos-debian-12-core-amd64-generic-v1.2.3';
  const names = [
    'SHA256SUMS',
    'SHA256SUMS.sigstore.json',
    `${stem}.iso`,
    `${stem}.iso.sigstore.json`,
    `${stem}.raw`,
    `${stem}.spdx.json`,
    `${stem}.provenance.json`,
    'manifest.json',
  ];
  const files = names.map((name) => ({ name, path: name, digest: digest(name), size: 1 }));
  const chosen = (choice: Parameters<typeof chooseFiles>[1]) =>
    chooseFiles(files, choice).map(({ name }) => name);
  expect(chosen([])).toEqual([]);
  expect(chosen('all')).toEqual(names);
  expect(chosen(['iso'])).toEqual(names.filter((name) => !name.endsWith('.raw')));
  expect(names.map((name) => fileType(name).mediaType)).toEqual([
    'application/vnd.kairos-factory.checksums',
    'application/octet-stream',
    'application/vnd.efi.iso',
    'application/octet-stream',
    'application/vnd.efi.img',
    'application/spdx+json',
    'application/vnd.in-toto+json',
    'application/vnd.kairos-factory.manifest+json',
  ]);
});

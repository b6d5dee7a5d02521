import { expect, test } from 'vitest';
import {
  formatImageReference,
  parseImageReference,
} from '../../../../../src/common/oci/registry/image-reference.ts';
import { RegistrySettings } from '../../../../../src/factory/config/registries.ts';
import { placesOf } from '../../../../../src/factory/inputs/base/registry-places.ts';

const settings = [
  { registry: 'docker.io', mirrors: ['mirror.example:5000/hub/copy', 'quay.io'] },
  { registry: 'mirror.example:5000', ca: '/ca.pem', insecure: true },
  { registry: 'other.example', mirrors: ['never.example'] },
].map((entry) => RegistrySettings.parse(entry));

test('lists mirrors first, each with its own settings', () => {
  const places = placesOf(parseImageReference('debian:12'), settings);
  expect(
    places.map(({ reference, ...rest }) => ({ name: formatImageReference(reference), ...rest })),
  ).toEqual([
    {
      name: 'mirror.example:5000/hub/copy/library/debian:12',
      insecure: true,
      ca: '/ca.pem',
      isMirror: true,
    },
    { name: 'quay.io/library/debian:12', insecure: false, ca: undefined, isMirror: true },
    { name: 'docker.io/library/debian:12', insecure: false, ca: undefined, isMirror: false },
  ]);
});

test('lists only the registry itself if it has no settings', () => {
  const image = parseImageReference('ghcr.io/x/y:1');
  expect(placesOf(image, settings)).toEqual([
    { reference: image, insecure: false, ca: undefined, isMirror: false },
  ]);
});

test.each([
  { registry: 'https://docker.io' },
  { registry: 'docker.io/library' },
  { registry: 'docker.io', mirrors: ['http://mirror.example'] },
  { registry: 'docker.io', mirrors: ['mirror'] },
  { registry: 'docker.io', mirror: ['quay.io'] },
])('refuses %j', (entry) => {
  expect(RegistrySettings.safeParse(entry).success).toBe(false);
});

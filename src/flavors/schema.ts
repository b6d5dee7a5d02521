import semver from 'semver';
import { z } from 'zod';

const Range = z.string().refine((range) => semver.validRange(range) !== null, 'is not a semver range');

/** A package or unit, either always or only for some releases and arches. */
export const Conditional = z.union([
  z.string(),
  z.strictObject({
    name: z.string().meta({ description: 'Its name.' }),
    releases: Range.optional().meta({ description: 'Semver range over the release version.' }),
    arches: z.array(z.string()).optional().meta({ description: 'Only for these arches.' }),
  }),
]);
export type Conditional = z.infer<typeof Conditional>;

/** A flavor file after inheritance: how a distribution becomes an OS image. */
export const Flavor = z.strictObject({
  name: z.string(),
  title: z.string(),
  family: z.string(),
  'os-release-id': z.string().meta({ description: '`ID` of `/etc/os-release` in its base images.' }),
  'package-manager': z.enum(['apt', 'none']),
  'service-manager': z.enum(['systemd', 'detect']),
  initramfs: z.enum(['dracut']),
  'default-release': z.string(),
  'rolling-release': z
    .string()
    .optional()
    .meta({ description: 'The release of bases that tell no version.' }),
  releases: z.record(
    z.string(),
    z.strictObject({ version: z.string().regex(/^\d+(\.\d+)*$/, 'is not a version') }),
  ),
  bootstrap: z.strictObject({ tool: z.enum(['mmdebstrap']) }).optional(),
  packages: z.record(z.string(), z.array(Conditional)).meta({ description: 'Packages by role.' }),
  kernels: z
    .record(z.string(), z.array(Conditional))
    .meta({ description: 'Packages of each kernel choice.' }),
  services: z.strictObject({ enable: z.array(Conditional), mask: z.array(Conditional) }),
  'persistent-paths': z.array(z.string().startsWith('/')),
});
export type Flavor = z.infer<typeof Flavor>;

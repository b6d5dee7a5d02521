import semver from 'semver';
import { z } from 'zod';
import { isNamePart } from '../../../common/contract/name-part.ts';

/** Removes the leading zeros in a version or range, which some distributions use (`24.04`) and semver rejects. */
export function withoutLeadingZeros(text: string): string {
  return text.replace(/(^|[^\d])0+(?=\d)/g, '$1');
}

const Range = z
  .string()
  .transform(withoutLeadingZeros)
  .refine((range) => semver.validRange(range) !== null, 'is not a semver range');

/** A text that file names and tags are made from (docs/contract.md 6.10). */
const NamePart = z
  .string()
  .refine(isNamePart, 'cannot be part of a file name: use letters, digits, ".", "_" and "-"');

/** A package or unit, unconditionally or for some releases and arches only. */
export const Conditional = z.union([
  z.string(),
  z.strictObject({
    name: z.string().meta({ description: 'Its name.' }),
    releases: Range.optional().meta({ description: 'Semver range over the release version.' }),
    arches: z.array(z.string()).optional().meta({ description: 'Only for these arches.' }),
    variants: z
      .array(z.enum(['core', 'standard']))
      .optional()
      .meta({ description: 'Only for these variants.' }),
  }),
]);
export type Conditional = z.infer<typeof Conditional>;

/** One release of a distribution. */
const Release = z.strictObject({
  version: z
    .string()
    .regex(/^\d+(\.\d+)*$/, 'is not a version')
    .meta({ description: 'The version that conditions are compared with.' }),
  suite: z
    .string()
    .optional()
    .meta({ description: 'Code name, also for the bootstrap tool, if it differs from the key.' }),
  base: z.string().optional().meta({ description: 'Reference of the image to start from without a base.' }),
});
export type Release = z.infer<typeof Release>;

/** SELinux on the node (docs/contract.md 6.7; kernel parameters `selinux`, `enforcing`). */
const SELINUX_MODES = ['disabled', 'permissive', 'enforcing'] as const;
/** Applies until a build labels the files of its image. */
const NOT_ENFORCING =
  '"enforcing" does not work yet: files of container images have no labels, and a system without labels does not boot; use permissive or disabled';

/** The schema of a flavor file after inheritance: how a distribution becomes an OS image. */
export const Flavor = z.strictObject({
  name: NamePart,
  title: z.string(),
  family: NamePart,
  'os-release-id': z.union([z.string(), z.record(z.string(), z.string())]).meta({
    description:
      '`ID` of `/etc/os-release` in its base images, `*` for any; or a map from each `ID` to the name of its releases, where `{version}` is replaced by `VERSION_ID`.',
  }),
  'os-release-like': z.array(z.string()).default([]).meta({
    description:
      'Further values of `ID` and `ID_LIKE`: distributions without their own flavor that are built with this one.',
  }),
  'package-manager': z.enum(['apt', 'dnf', 'zypper', 'apk', 'none']),
  'service-manager': z.enum(['systemd', 'openrc', 'detect']),
  initramfs: z.enum(['builtin', 'dracut']).meta({
    description: 'What makes the initramfs: the build itself, or the dracut of the image.',
  }),
  network: z.enum(['systemd-networkd', 'networkmanager', 'connman', 'detect']).meta({
    description: 'Configures interfaces; selects the tree `templates/image/NAME`, if it exists.',
  }),
  selinux: z
    .enum(SELINUX_MODES)
    .refine((mode) => mode !== 'enforcing', NOT_ENFORCING)
    .meta({ description: 'SELinux mode on the node.' }),
  'default-release': z.string(),
  'rolling-release': z.string().optional().meta({ description: 'The release of bases without a version.' }),
  releases: z.record(z.string(), Release),
  bootstrap: z
    .strictObject({
      tool: z.enum(['mmdebstrap']),
      components: z.array(z.string()).default(['main']).meta({ description: 'Components of the archive.' }),
    })
    .optional(),
  snapshot: z
    .strictObject({
      archive: z.url({ protocol: /^https?$/ }).meta({ description: 'URL of the archive.' }),
      since: z.iso.date().meta({ description: 'The first day of the archive.' }),
      sources: z
        .array(
          z.strictObject({
            path: z.string().meta({
              description:
                'Path below `archive`, with `{timestamp}` (`20260131T093000Z`) or `{date}` (`20260131`).',
            }),
            suites: z
              .array(z.string())
              .default([])
              .meta({ description: 'apt: the suites of the release, with `{suite}`.' }),
            live: z.url().meta({ description: 'URL of the live archive, which a node uses.' }),
            releases: Range.optional().meta({ description: 'Semver range over the release version.' }),
            arches: z.array(z.string()).optional().meta({ description: 'Only for these arches.' }),
          }),
        )
        .min(1)
        .meta({ description: 'The archives to install a system from.' }),
    })
    .optional()
    .meta({ description: 'The snapshot archive of the distribution.' }),
  repositories: z
    .strictObject({
      packages: z.array(Conditional).default([]).meta({
        description: 'Packages that add repositories; installed before all others.',
      }),
      enable: z.array(Conditional).default([]).meta({
        description: 'Ids of disabled repositories of the base to enable.',
      }),
    })
    .prefault({}),
  packages: z.record(z.string(), z.array(Conditional)).meta({ description: 'Packages by role.' }),
  'package-sets': z
    .record(NamePart, z.record(z.string(), z.array(Conditional)))
    .default({})
    .meta({
      description:
        'Packages that a build chooses by the name of their set, by group; `kubernetes` comes with a Kubernetes distribution.',
    }),
  kernels: z
    .record(z.string(), z.array(Conditional))
    .meta({ description: 'Packages of each kernel choice.' }),
  services: z.strictObject({
    enable: z.array(Conditional).default([]).meta({ description: 'systemd: units to enable.' }),
    mask: z.array(Conditional).default([]).meta({ description: 'systemd: units to mask.' }),
    disable: z.array(Conditional).default([]).meta({
      description: 'systemd: units that other units start when they need them; may be missing.',
    }),
    unmask: z.array(Conditional).default([]).meta({
      description: 'systemd: units that a machine needs, but container images mask.',
    }),
    runlevels: z
      .record(z.string(), z.array(Conditional))
      .default({})
      .meta({ description: 'OpenRC: services by runlevel.' }),
  }),
  'persistent-paths': z.array(z.string().startsWith('/')),
});
export type Flavor = z.infer<typeof Flavor>;

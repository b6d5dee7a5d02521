import semver from 'semver';
import { z } from 'zod';

/** Versions and ranges without the leading zeros that some distributions have (`24.04`), and semver does not know. */
export function withoutLeadingZeros(text: string): string {
  return text.replace(/(^|[^\d])0+(?=\d)/g, '$1');
}

const Range = z
  .string()
  .transform(withoutLeadingZeros)
  .refine((range) => semver.validRange(range) !== null, 'is not a semver range');

/** A package or unit, either always or only for some releases and arches. */
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
    .meta({ description: 'What conditions are compared with.' }),
  suite: z
    .string()
    .optional()
    .meta({ description: 'Its name for the bootstrap tool and its code name, where that is not the key.' }),
  base: z
    .string()
    .optional()
    .meta({ description: 'Image that a build starts from when it names no base: an image reference.' }),
});
export type Release = z.infer<typeof Release>;

/** SELinux on the node (docs/contract.md 6.7; kernel parameters `selinux`, `enforcing`). */
const SELINUX_MODES = ['disabled', 'permissive', 'enforcing'] as const;
/** Until a build labels the files of its image. */
const NOT_ENFORCING =
  '"enforcing" does not work yet: container images carry no labels, and a system without labels does not boot; use permissive or disabled';

/** A flavor file after inheritance: how a distribution becomes an OS image. */
export const Flavor = z.strictObject({
  name: z.string(),
  title: z.string(),
  family: z.string(),
  'os-release-id': z.union([z.string(), z.record(z.string(), z.string())]).meta({
    description:
      '`ID` of `/etc/os-release` in its base images, `*` for any; or a map from each `ID` to the name of its releases, in which `{version}` stands for `VERSION_ID`.',
  }),
  'os-release-like': z.array(z.string()).default([]).meta({
    description:
      'Further values of `ID` and `ID_LIKE` whose distributions, without a flavor of their own, are built with this one.',
  }),
  'package-manager': z.enum(['apt', 'dnf', 'zypper', 'apk', 'none']),
  'service-manager': z.enum(['systemd', 'openrc', 'detect']),
  initramfs: z.enum(['dracut']),
  libc: z
    .enum(['glibc', 'musl'])
    .default('glibc')
    .meta({ description: 'Which build of the agent runs on it.' }),
  network: z.enum(['systemd-networkd', 'networkmanager', 'connman', 'detect']).meta({
    description: 'What configures interfaces; selects the tree `templates/image/NAME`, where there is one.',
  }),
  selinux: z
    .enum(SELINUX_MODES)
    .refine((mode) => mode !== 'enforcing', NOT_ENFORCING)
    .meta({ description: 'Its mode on the node.' }),
  'default-release': z.string(),
  'rolling-release': z
    .string()
    .optional()
    .meta({ description: 'The release of bases that tell no version.' }),
  releases: z.record(z.string(), Release),
  bootstrap: z
    .strictObject({
      tool: z.enum(['mmdebstrap']),
      components: z.array(z.string()).default(['main']).meta({ description: 'Parts of the archive.' }),
    })
    .optional(),
  snapshot: z
    .strictObject({
      archive: z.url({ protocol: /^https?$/ }).meta({ description: 'Where it is.' }),
      since: z.iso.date().meta({ description: 'The first day that it has.' }),
      sources: z
        .array(
          z.strictObject({
            path: z.string().meta({
              description:
                'Below `archive`, with `{timestamp}` (`20260131T093000Z`) or `{date}` (`20260131`).',
            }),
            suites: z
              .array(z.string())
              .default([])
              .meta({ description: 'apt: what stands for the release, with `{suite}`.' }),
            live: z.url().meta({ description: 'The same packages today: what a node has as its source.' }),
            releases: Range.optional().meta({ description: 'Semver range over the release version.' }),
            arches: z.array(z.string()).optional().meta({ description: 'Only for these arches.' }),
          }),
        )
        .min(1)
        .meta({ description: 'The archives that a system is installed from.' }),
    })
    .optional()
    .meta({ description: 'The distribution’s archive of its own past.' }),
  repositories: z
    .strictObject({
      packages: z.array(Conditional).default([]).meta({
        description: 'Packages that bring repositories; installed before all others.',
      }),
      enable: z.array(Conditional).default([]).meta({
        description: 'Repositories that the base has, switched off; by their id.',
      }),
    })
    .prefault({}),
  packages: z.record(z.string(), z.array(Conditional)).meta({ description: 'Packages by role.' }),
  kernels: z
    .record(z.string(), z.array(Conditional))
    .meta({ description: 'Packages of each kernel choice.' }),
  services: z.strictObject({
    enable: z.array(Conditional).default([]).meta({ description: 'systemd: units to enable.' }),
    mask: z.array(Conditional).default([]).meta({ description: 'systemd: units to mask.' }),
    unmask: z.array(Conditional).default([]).meta({
      description: 'systemd: units that base images for containers mask and a machine needs.',
    }),
    runlevels: z
      .record(z.string(), z.array(Conditional))
      .default({})
      .meta({ description: 'OpenRC: services by runlevel.' }),
  }),
  'persistent-paths': z.array(z.string().startsWith('/')),
});
export type Flavor = z.infer<typeof Flavor>;

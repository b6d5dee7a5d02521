import { z } from 'zod';
import { ARTIFACT_KINDS } from '../../config/artifact-kinds.ts';

/** The roles of files in a release: the kinds of artifacts, and these. */
const DOCUMENTS = ['sbom', 'provenance', 'test-result', 'changelog', 'page', 'other'] as const;
const ROLES = [...ARTIFACT_KINDS, 'oci-content', ...DOCUMENTS] as const;
export type Role = (typeof ROLES)[number];

/** A relative path with slashes and without `..`: it is appended to folders and URLs. */
const FileName = z
  .string()
  .regex(/^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\\\0\n]+$/, 'is not a path inside the release')
  .meta({ description: 'Path relative to the release folder.' });
const Time = z.iso.datetime();
const Epoch = z.int().min(0);

const ReleaseFile = z
  .object({
    name: FileName,
    role: z.enum(ROLES).meta({ description: 'The kind of artifact, or the role of an accompanying file.' }),
    mediaType: z.string(),
    size: z.int().min(0).meta({ description: 'Size in bytes.' }),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    signature: FileName.optional().meta({ description: 'Sigstore bundle with the signature of this file.' }),
  })
  .meta({ description: 'A file of the release.' });
export type ReleaseFile = z.output<typeof ReleaseFile>;

const PackageVersion = z.object({ name: z.string(), version: z.string(), arch: z.string() });
const VersionChange = z.object({ name: z.string(), arch: z.string(), from: z.string(), to: z.string() });

const Target = z
  .object({
    name: z.string().meta({ description: 'Name of the target in the configuration.' }),
    flavor: z.string(),
    flavorRelease: z.string(),
    family: z.string(),
    arch: z.string(),
    variant: z.string(),
    model: z.string(),
    kubernetes: z
      .object({ distribution: z.string(), version: z.string() })
      .optional()
      .meta({ description: 'The included Kubernetes distribution; absent without one.' }),
    kernel: z.string().optional().meta({ description: 'Kernel version.' }),
    epoch: Epoch.meta({ description: 'Unix timestamp of all files of this target.' }),
    image: z
      .object({
        digest: z
          .string()
          .regex(/^sha256:[0-9a-f]{64}$/)
          .meta({ description: 'Digest of the image manifest.' }),
        reference: z
          .string()
          .optional()
          .meta({ description: 'Repository that the image was pushed to: HOST/NAME.' }),
        tags: z.array(z.string()).optional(),
      })
      .optional()
      .meta({ description: 'The OS image; absent when it was neither written as a layout nor pushed.' }),
    files: z.array(ReleaseFile),
    sbom: z.array(FileName).meta({ description: 'Names of the SBOM files.' }),
    provenance: FileName.optional().meta({ description: 'Name of the SLSA provenance file.' }),
    changes: z
      .object({
        added: z.array(PackageVersion),
        removed: z.array(PackageVersion),
        upgraded: z.array(VersionChange),
        downgraded: z.array(VersionChange),
      })
      .optional()
      .meta({
        description: 'Packages that differ from the previous release; absent when the difference is unknown.',
      }),
  })
  .meta({ description: 'One build of the release.' });
export type ReleaseTarget = z.output<typeof Target>;

/** `release.json`: the contents of a release. Readers ignore unknown keys. */
export const Release = z.object({
  schema: z.literal(1).meta({ description: 'Version of this format.' }),
  version: z.string().meta({ description: 'Version of the OS, with the leading v.' }),
  date: Time.meta({ description: 'Date of the newest target: its epoch, not the time of the build.' }),
  epoch: Epoch.meta({ description: 'The date as a Unix timestamp.' }),
  tool: z.string().meta({ description: 'Name and version of the program that made the release.' }),
  previous: z
    .object({ version: z.string(), date: Time })
    .optional()
    .meta({ description: 'The release that the changes refer to.' }),
  targets: z.array(Target).min(1),
  files: z.array(ReleaseFile).meta({ description: 'Files of the whole release, not of a single target.' }),
});
export type Release = z.output<typeof Release>;

/** The `$id` of the JSON Schema of `release.json`. */
const SCHEMA_ID = 'urn:kairos-factory:release:1';

/** The format of `release.json` as JSON Schema, draft 2020-12. */
export function releaseJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(Release, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // Zod limits integers to what JavaScript represents exactly; the format has no such limit.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return { $id: SCHEMA_ID, title: 'release.json of kairos-factory', ...schema };
}

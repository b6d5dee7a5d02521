import { z } from 'zod';
import { ARTIFACT_KINDS } from '../../config/schema.ts';

/** What a file of a release is: a kind of artifact, or one of these. */
const ROLES = [...ARTIFACT_KINDS, 'oci-content', 'sbom', 'provenance', 'changelog', 'page', 'other'] as const;
export type Role = (typeof ROLES)[number];

/** Relative, with slashes, and nowhere up: it is joined to a folder, and to addresses. */
const FileName = z
  .string()
  .regex(/^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\\\0\n]+$/, 'is no path below the release')
  .meta({ description: 'Path below the folder of the release.' });
const Time = z.iso.datetime();
const Epoch = z.int().min(0);

const ReleaseFile = z
  .object({
    name: FileName,
    role: z.enum(ROLES).meta({ description: 'What it is: the kind of an artifact, or what goes with them.' }),
    mediaType: z.string(),
    size: z.int().min(0).meta({ description: 'In bytes.' }),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    signature: FileName.optional().meta({ description: 'Sigstore bundle with the signature of this file.' }),
  })
  .meta({ description: 'A file of the release.' });
export type ReleaseFile = z.output<typeof ReleaseFile>;

const PackageVersion = z.object({ name: z.string(), version: z.string(), arch: z.string() });
const VersionChange = z.object({ name: z.string(), arch: z.string(), from: z.string(), to: z.string() });

const Target = z
  .object({
    name: z.string().meta({ description: 'Of the configuration.' }),
    flavor: z.string(),
    flavorRelease: z.string(),
    family: z.string(),
    arch: z.string(),
    variant: z.string(),
    model: z.string(),
    kubernetes: z
      .object({ distribution: z.string(), version: z.string() })
      .optional()
      .meta({ description: 'The Kubernetes distribution in it; absent where there is none.' }),
    kernel: z.string().optional().meta({ description: 'Version of the kernel.' }),
    epoch: Epoch.meta({ description: 'Seconds since 1970 that everything of this target is stamped with.' }),
    image: z
      .object({
        digest: z
          .string()
          .regex(/^sha256:[0-9a-f]{64}$/)
          .meta({ description: 'Of the manifest.' }),
        reference: z.string().optional().meta({ description: 'Where it was pushed to: HOST/NAME.' }),
        tags: z.array(z.string()).optional(),
      })
      .optional()
      .meta({ description: 'The OS image; absent when it was neither made as a layout nor pushed.' }),
    files: z.array(ReleaseFile),
    sbom: z.array(FileName).meta({ description: 'Names of the files with the bill of materials.' }),
    provenance: FileName.optional().meta({ description: 'Name of the file with the SLSA provenance.' }),
    changes: z
      .object({
        added: z.array(PackageVersion),
        removed: z.array(PackageVersion),
        upgraded: z.array(VersionChange),
        downgraded: z.array(VersionChange),
      })
      .optional()
      .meta({ description: 'Packages that differ from the previous release; absent where that is unknown.' }),
  })
  .meta({ description: 'One build of the release.' });
export type ReleaseTarget = z.output<typeof Target>;

/** `release.json`: what a release holds. Readers pass over keys that they do not know. */
export const Release = z.object({
  schema: z.literal(1).meta({ description: 'Version of this format.' }),
  version: z.string().meta({ description: 'Of the OS, with its leading v.' }),
  date: Time.meta({ description: 'That of the newest target: the epoch, not the time of the build.' }),
  epoch: Epoch.meta({ description: 'The same in seconds since 1970.' }),
  tool: z.string().meta({ description: 'Name and version of what made the release.' }),
  previous: z
    .object({ version: z.string(), date: Time })
    .optional()
    .meta({ description: 'The release that changes are told against.' }),
  targets: z.array(Target).min(1),
  files: z.array(ReleaseFile).meta({ description: 'Files that belong to no target alone.' }),
});
export type Release = z.output<typeof Release>;

/** Where the JSON Schema of `release.json` has its name from. */
const SCHEMA_ID = 'urn:kairos-factory:release:1';

/** The format of `release.json` as JSON Schema, draft 2020-12. */
export function releaseJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(Release, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // Zod bounds whole numbers by what JavaScript can hold, which is no rule of the format.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return { $id: SCHEMA_ID, title: 'release.json of kairos-factory', ...schema };
}

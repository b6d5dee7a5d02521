import { z } from 'zod';
import { TEST_RESULT } from '../../../common/trust/proof.ts';

/** What a document says about itself. */
export interface DocumentFacts {
  readonly kind: 'sbom' | 'provenance' | 'test-result' | 'attestation' | 'signature' | 'manifest' | 'release';
  /** Name and version of the format: `SPDX-2.3`, `CycloneDX 1.6`, the type of a predicate, … */
  readonly format: string;
  /** Of an SBOM: the number of its packages or components. */
  readonly packages?: number;
  /** Of provenance: the builder. Of a signature by a certificate: nothing. */
  readonly builder?: string;
  /** Of a statement: the number of its subjects. */
  readonly subjects?: number;
  /** Of a test result. */
  readonly result?: string;
  readonly passed?: readonly string[];
  readonly failed?: readonly string[];
  /** Of a signature: how it was made. */
  readonly by?: 'key' | 'certificate';
  /** Of a signature over a statement: the type of its predicate. */
  readonly predicate?: string;
}

const Spdx = z.looseObject({ spdxVersion: z.string(), packages: z.array(z.unknown()).default([]) });
const CycloneDx = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  components: z.array(z.unknown()).default([]),
});
const Statement = z.looseObject({
  _type: z.string().startsWith('https://in-toto.io/Statement/'),
  predicateType: z.string(),
  subject: z.array(z.unknown()).default([]),
  predicate: z.looseObject({
    result: z.string().optional(),
    passedTests: z.array(z.string()).optional(),
    failedTests: z.array(z.string()).optional(),
    runDetails: z.looseObject({ builder: z.looseObject({ id: z.string() }) }).optional(),
  }),
});
const Bundle = z.looseObject({
  mediaType: z.string().startsWith('application/vnd.dev.sigstore.bundle'),
  verificationMaterial: z.looseObject({ publicKey: z.unknown().optional() }).default({}),
  dsseEnvelope: z.looseObject({ payload: z.string() }).optional(),
});
const Manifest = z.looseObject({ schema: z.number(), tool: z.string(), artifacts: z.array(z.unknown()) });
const Release = z.looseObject({ schema: z.number(), tool: z.string(), targets: z.array(z.unknown()) });

/** Recognises a document in JSON by its members. @returns `undefined` when it is none that is known */
export function describeDocument(value: unknown): DocumentFacts | undefined {
  const spdx = Spdx.safeParse(value).data;
  if (spdx) return { kind: 'sbom', format: spdx.spdxVersion, packages: spdx.packages.length };
  const cyclone = CycloneDx.safeParse(value).data;
  if (cyclone) {
    return { kind: 'sbom', format: `CycloneDX ${cyclone.specVersion}`, packages: cyclone.components.length };
  }
  const statement = Statement.safeParse(value).data;
  if (statement) return describeStatement(statement);
  const bundle = Bundle.safeParse(value).data;
  if (bundle) {
    const by = bundle.verificationMaterial.publicKey === undefined ? 'certificate' : 'key';
    const predicate = predicateIn(bundle.dsseEnvelope?.payload);
    return {
      kind: 'signature',
      format: bundle.mediaType,
      by,
      ...(predicate === undefined ? {} : { predicate }),
    };
  }
  if (Manifest.safeParse(value).success) return { kind: 'manifest', format: 'manifest.json' };
  return Release.safeParse(value).success ? { kind: 'release', format: 'release.json' } : undefined;
}

function describeStatement({ predicateType, subject, predicate }: z.output<typeof Statement>): DocumentFacts {
  const facts = { format: predicateType, subjects: subject.length };
  if (predicateType === TEST_RESULT) {
    const { result = 'unknown', passedTests: passed = [], failedTests: failed = [] } = predicate;
    return { kind: 'test-result', ...facts, result, passed, failed };
  }
  if (!predicateType.startsWith('https://slsa.dev/provenance/')) return { kind: 'attestation', ...facts };
  const builder = predicate.runDetails?.builder.id;
  return { kind: 'provenance', ...facts, ...(builder === undefined ? {} : { builder }) };
}

function predicateIn(payload: string | undefined): string | undefined {
  if (payload === undefined) return undefined;
  try {
    return Statement.safeParse(JSON.parse(Buffer.from(payload, 'base64').toString('utf8'))).data
      ?.predicateType;
  } catch {
    return undefined;
  }
}

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { digestOf } from '../../../common/files/digest.ts';
import { parseJson } from '../../../common/oci/registry/repository-reader.ts';
import { type LifeEvent, provenEvents, TEST_RESULT } from '../../../common/trust/proof.ts';
import { STATEMENT_TYPE } from '../../../common/trust/statement-type.ts';
import { unproven } from '../../../common/trust/verify-proof.ts';
import { isBootable } from '../../config/bootable.ts';
import { TEST_RESULT_ENDING } from '../../signing/output-files.ts';
import type { CheckedFile } from './verify-files.ts';

/** A verified file, and the directory that its name is relative to. */
type VerifiedFile = Pick<CheckedFile, 'name' | 'sha256'> & { readonly directory?: string };

const Statement = z.object({
  _type: z.literal(STATEMENT_TYPE),
  predicateType: z.literal(TEST_RESULT),
  subject: z.array(z.object({ name: z.string().optional(), digest: z.record(z.string(), z.string()) })),
});

/** Events that passed with the file of a digest. */
interface FileProof {
  readonly sha256: string;
  readonly events: ReadonlySet<LifeEvent>;
}

/**
 * Checks that test results among verified files prove the events for every file among them that boots. Only a medium can be
 * installed, so disks need no proof of that.
 * @param hasImages whether images were verified as well; otherwise there must be a file that boots
 * @throws FactoryError `verification` that names each file and the events without proof
 */
export async function requireFileProofs(
  files: readonly VerifiedFile[],
  events: readonly LifeEvent[],
  { hasImages }: { readonly hasImages: boolean },
): Promise<void> {
  const proofs = (await Promise.all(files.map(readProofs))).flat();
  const bootable = files.filter(({ name }) => isBootable(name));
  let required = 0;
  const problems: string[] = [];
  const missing = new Set<LifeEvent>();
  for (const { name, sha256 } of bootable) {
    const wanted = events.filter((event) => event !== 'install' || name.endsWith('.iso'));
    required += wanted.length;
    const own = proofs.filter((proof) => proof.sha256 === sha256);
    const lacking = wanted.filter((event) => !own.some((proof) => proof.events.has(event)));
    for (const event of lacking) missing.add(event);
    if (lacking.length === 0) continue;
    const why = own.length === 0 ? ' (no signed test result is about it)' : '';
    problems.push(`${name}: ${lacking.join(', ')}${why}`);
  }
  if (problems.length > 0)
    throw unproven(bootable.map(({ name }) => name).join(', '), [...missing], problems);
  if (required > 0 || hasImages) return;
  throw unproven('nothing that boots was given, so it', events, []);
}

/** What a verified file proves: nothing, unless it is a statement with test results. */
async function readProofs({ name, sha256, directory = '' }: VerifiedFile): Promise<FileProof[]> {
  if (!name.endsWith(TEST_RESULT_ENDING)) return [];
  const bytes = await readFile(resolve(directory, name));
  if (digestOf(bytes) !== `sha256:${sha256}`) return [];
  try {
    const { subject } = parseJson(Statement, bytes);
    const passed = provenEvents(bytes);
    return subject.map((one) => ({
      sha256: one.digest['sha256'] ?? '',
      events: new Set(passed.filter(({ artifact }) => artifact === one.name).map(({ event }) => event)),
    }));
  } catch {
    // Another file of that name proves nothing.
    return [];
  }
}

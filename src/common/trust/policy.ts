import { z } from 'zod';
import { NODE_PATH } from '../contract/node-paths.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { validate } from '../text/validate.ts';
import { parseYaml, type YamlSource } from '../text/yaml-source.ts';
import type { TrustIdentity } from './identity.ts';
import { type LifeEvent, RequiredEvents } from './proof.ts';
import { parsePublicKey, type TrustKey } from './public-key.ts';
import { matches, matchProblem, specificity } from './repository-match.ts';

/** The directory of a node's trust policy. */
export const TRUST_DIRECTORY = `${NODE_PATH.settings}/trust`;

/** An entry of the policy: images from matching repositories must be signed by enough of these keys. */
export interface TrustRule {
  readonly match: string;
  readonly keys: readonly TrustKey[];
  /** Identities that may sign as well; a node's policy has keys only. */
  readonly identities?: readonly TrustIdentity[];
  /** How many different keys or identities must have signed; 0 with `unsigned`. */
  readonly threshold: number;
  /** An exception: images from these repositories need no signature. */
  readonly unsigned?: true;
  /** Events that a signed test result must name as passed (docs/prove.md). */
  readonly requireProof?: readonly LifeEvent[];
  /** `file:line:column` of the entry. */
  readonly place: string;
}

/** Which keys must sign the images of which repositories. */
export interface TrustPolicy {
  readonly rules: readonly TrustRule[];
}

/** Reads the files of the policy; the agent's `Host` implements it. */
export interface TrustFiles {
  list(directory: string): Promise<readonly string[]>;
  readText(path: string): Promise<string | undefined>;
  stat(
    path: string,
    options?: { readonly follow?: boolean },
  ): Promise<
    { readonly kind: string; readonly mode: number; readonly uid: number; readonly size: number } | undefined
  >;
}

/** Options of {@link loadPolicy}. */
export interface PolicyOptions {
  readonly directory?: string;
  /** User id that may own the files in addition to root. */
  readonly owner?: number;
}

/** Maximum size of a policy or key file. */
const MAX_BYTES = 1024 * 1024;
/** Write permission for the group or for others. */
const WRITABLE_BY_OTHERS = 0o022;

const repositories = z.strictObject({
  repositories: z.array(
    z
      .strictObject({
        match: z.string().superRefine((match, context) => {
          const problem = matchProblem(match);
          if (problem) context.addIssue({ code: 'custom', message: `"${match}" ${problem}` });
        }),
        keys: z
          .array(z.string().regex(/^[\w-][\w.-]*$/, 'must be the name of a file beside the policy'))
          .default([]),
        threshold: z.int().min(1).optional(),
        unsigned: z.literal(true, 'can only be true; omit it to require signatures').optional(),
        'require-proof': RequiredEvents.optional(),
      })
      .superRefine((entry, context) => {
        const problem = entryProblem(entry);
        if (problem) context.addIssue({ code: 'custom', path: [problem.key], message: problem.text });
      }),
  ),
});

/**
 * Reads the trust policy: every `*.yaml` in the directory, sorted by name, and the public keys that they name.
 * @returns `undefined` when the directory is missing or empty; images need no signatures then
 * @throws FactoryError `verification` for anything that makes the policy unreliable: invalid YAML, unknown keys in a
 * document, unreadable public keys, public keys without a policy, and files that other users could have written
 */
export async function loadPolicy(
  files: TrustFiles,
  { directory = TRUST_DIRECTORY, owner = 0 }: PolicyOptions = {},
): Promise<TrustPolicy | undefined> {
  try {
    if (!(await files.stat(directory, { follow: false }))) return undefined;
    await requireSafe(files, directory, { kind: 'directory', owner });
    const names = [...(await files.list(directory))].filter((name) => !name.startsWith('.')).sort();
    if (names.length === 0) return undefined;
    const documents = names.filter((name) => /\.ya?ml$/.test(name));
    if (documents.length === 0) throw new Error(`${directory} has files, but no policy.yaml among them`);
    const rules: TrustRule[] = [];
    for (const name of documents) rules.push(...(await readRules({ files, directory, owner }, name)));
    return { rules };
  } catch (error) {
    throw unusable(error, directory);
  }
}

/** An entry of a policy as it is written. */
interface PolicyEntry {
  readonly keys: readonly string[];
  readonly threshold?: number | undefined;
  readonly unsigned?: true | undefined;
  readonly 'require-proof'?: readonly LifeEvent[] | undefined;
}

/** A combination of keys that an entry must not have. */
interface EntryProblem {
  readonly key: 'keys' | 'unsigned';
  readonly text: string;
}

/** Returns what is wrong with an entry whose keys are valid by themselves. */
export function entryProblem({ keys, threshold, unsigned, ...entry }: PolicyEntry): EntryProblem | undefined {
  if (!unsigned) return keys.length > 0 ? undefined : { key: 'keys', text: 'needs at least one key' };
  if (keys.length === 0 && threshold === undefined && entry['require-proof'] === undefined) return undefined;
  return { key: 'unsigned', text: 'cannot be combined with keys, a threshold or require-proof' };
}

/** Returns the most specific entries that match a repository. If several are equally specific, all of them apply. */
export function rulesFor(policy: TrustPolicy, name: string): readonly TrustRule[] {
  const matching = policy.rules.filter(({ match }) => matches(match, name));
  const best = Math.max(...matching.map(({ match }) => specificity(match)));
  return matching.filter(({ match }) => specificity(match) === best);
}

/** The directory of the policy. */
interface PolicyDirectory extends Required<PolicyOptions> {
  readonly files: TrustFiles;
}

async function readRules(policy: PolicyDirectory, name: string): Promise<TrustRule[]> {
  const path = `${policy.directory}/${name}`;
  const source = parseYaml(path, await readSafe(policy.files, path, policy.owner));
  const document = validate(repositories, source.data, { kind: 'trust policy', locate: source.locate });
  return Promise.all(
    document.repositories.map(async (entry, index) => {
      const at = ['repositories', index];
      const keys = await Promise.all(
        entry.keys.map((key, place) =>
          readKey(policy, key).catch((error: unknown) => {
            throw new Error(`${source.locate([...at, 'keys', place])}: ${messageOf(error)}`, {
              cause: error,
            });
          }),
        ),
      );
      const { match, unsigned, threshold = unsigned ? 0 : 1 } = entry;
      const { 'require-proof': requireProof } = entry;
      const more = { ...(unsigned && { unsigned }), ...(requireProof && { requireProof }) };
      const rule = { match, keys, threshold, place: source.locate(at), ...more };
      return checkThreshold(rule, source, at);
    }),
  );
}

/** Refuses a threshold that cannot be reached, because it would only show up during an upgrade. */
function checkThreshold(rule: TrustRule, source: YamlSource, at: readonly PropertyKey[]): TrustRule {
  const different = new Set(rule.keys.map(({ fingerprint }) => fingerprint)).size;
  if (rule.threshold > different) {
    const place = source.locate([...at, 'threshold']);
    throw new Error(
      `${place}: threshold is ${rule.threshold}, but the entry has ${different} different keys`,
    );
  }
  return rule;
}

async function readKey({ files, directory, owner }: PolicyDirectory, name: string): Promise<TrustKey> {
  const path = `${directory}/${name}`;
  const text = await readSafe(files, path, owner);
  try {
    return parsePublicKey(name, text);
  } catch (error) {
    throw new Error(`${path} ${messageOf(error)}`, { cause: error });
  }
}

async function readSafe(files: TrustFiles, path: string, owner: number): Promise<string> {
  await requireSafe(files, path, { kind: 'file', owner });
  const text = await files.readText(path);
  if (text === undefined) throw new Error(`${path} is missing`);
  return text;
}

/** Requires that only a trusted owner can write the file. Links are refused, because their targets are not checked. */
async function requireSafe(
  files: TrustFiles,
  path: string,
  { kind, owner }: { readonly kind: 'file' | 'directory'; readonly owner: number },
): Promise<void> {
  const stat = await files.stat(path, { follow: false });
  if (!stat) throw new Error(`${path} is missing`);
  if (stat.kind !== kind) throw new Error(`${path} is not a ${kind} but a ${stat.kind}`);
  if (stat.uid !== 0 && stat.uid !== owner)
    throw new Error(`${path} belongs to user ${stat.uid}, not to root`);
  if (stat.mode & WRITABLE_BY_OTHERS) {
    throw new Error(
      `${path} is writable by users other than its owner (mode ${(stat.mode & 0o7777).toString(8)})`,
    );
  }
  if (kind === 'file' && stat.size > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
}

function unusable(error: unknown, directory: string): FactoryError {
  const known = error instanceof FactoryError ? error : undefined;
  return new FactoryError('TRUST_POLICY_UNUSABLE', `the trust policy cannot be used: ${messageOf(error)}`, {
    details: known?.details ?? [],
    remedy:
      known?.remedy ??
      `Correct ${directory}; its files belong to root, only root may write them, and docs/trust.md shows their form.`,
    cause: error,
  });
}

import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { listFlavors } from '../catalog/flavors/load.ts';
import { DISTRIBUTION_FACTS, DISTRIBUTIONS } from '../catalog/kubernetes/distribution.ts';
import { ARTIFACT_KINDS } from '../config/artifact-kinds.ts';
import { type Answers, CI_SERVICES } from '../init/answers.ts';
import { accountKeys, type PublicKey, publicKeysIn, readPublicKey } from '../init/public-keys.ts';
import { NONE, oneOf, readArtifacts, readCi, readKubernetes } from '../init/questions.ts';
import { FLAVORS } from '../pipeline/project-files.ts';
import { answerOf, type Person, type Question } from './ask.ts';

/** The flags of `init`; a question is asked for each that is absent. */
export interface InitFlags {
  readonly flavor?: string | undefined;
  readonly artifact?: string | undefined;
  readonly kubernetes?: string | undefined;
  readonly sshKey?: string | undefined;
  readonly github?: string | undefined;
  readonly ci?: string | undefined;
}

/** The flavor that a project starts with. */
const FLAVOR = 'debian';
/** The flavor for a root without a distribution: it needs a base, which no question asks for. */
const ANY = 'any';

/**
 * Collects what the files of a project depend on: from flags, from a person, or the defaults.
 * @param person absent without a terminal: then what no flag says is the default
 * @throws FactoryError `usage` for an invalid flag, or when it is not known whose key may log in
 */
export async function collectAnswers(flags: InitFlags, person: Person | undefined): Promise<Answers> {
  const flavors = (await listFlavors(FLAVORS)).filter((name) => name !== ANY);
  const answer = async <Answer>(given: string | undefined, question: Question<Answer>): Promise<Answer> => {
    if (given !== undefined) return question.read(given);
    return person === undefined ? question.read(question.proposed) : answerOf(person, question);
  };
  const examples = DISTRIBUTIONS.map((name) => `${name}@${DISTRIBUTION_FACTS[name].example}`);
  return {
    flavor: await answer(flags.flavor, {
      text: `Which distribution? ${flavors.join(', ')}`,
      proposed: FLAVOR,
      read: (text) => oneOf(flavors, text),
    }),
    artifacts: await answer(flags.artifact, {
      text: `Which artifacts? Some of ${ARTIFACT_KINDS.join(', ')}`,
      proposed: 'oci,iso',
      read: readArtifacts,
    }),
    kubernetes: await answer(flags.kubernetes, {
      text: `Which Kubernetes? ${NONE}, or a version such as ${examples.join(' or ')}`,
      proposed: NONE,
      read: readKubernetes,
    }),
    key: await keyFrom(flags, person),
    ci: await answer(flags.ci, {
      text: `A file for the CI of which service? ${CI_SERVICES.join(', ')} or ${NONE}`,
      proposed: NONE,
      read: readCi,
    }),
  };
}

async function keyFrom({ sshKey, github }: InitFlags, person: Person | undefined): Promise<string> {
  if (sshKey !== undefined) return readPublicKey(inHome(sshKey));
  if (github !== undefined) return accountKeys(github);
  const own = await publicKeysIn(join(homedir(), '.ssh'));
  if (person !== undefined) return answerOf(person, keyQuestion(own));
  const [only, ...others] = own;
  if (only !== undefined && others.length === 0) return only.text;
  throw new FactoryError(
    'OPTION_MISSING',
    only === undefined
      ? 'there is no public key in ~/.ssh'
      : `there are several public keys: ${own.map(({ file }) => file).join(', ')}`,
    {
      remedy: `Say who may log in to the nodes: --ssh-key FILE, or --github NAME with your own name there.${only === undefined ? ' "ssh-keygen -t ed25519" makes a key.' : ''}`,
    },
  );
}

function keyQuestion(own: readonly PublicKey[]): Question<string> {
  const choices = own.map(({ file, text }, index) => {
    const [type = '', , ...comment] = text.split(' ');
    return `  ${index + 1}  ${basename(file)}, ${[type, ...comment].join(' ')}`;
  });
  const forms = `the path of a public key, or github:NAME with your own name there`;
  return {
    text: [
      'Whose key may log in to the nodes?',
      ...choices,
      `  ${own.length > 0 ? 'a number, ' : ''}${forms}`,
    ].join('\n'),
    proposed: own.length > 0 ? '1' : '',
    read: (text) => {
      if (text === '') throw new FactoryError('OPTION_MISSING', 'no key is named');
      const chosen = /^\d+$/.test(text) ? own[Number(text) - 1] : undefined;
      if (chosen !== undefined) return chosen.text;
      return text.startsWith('github:')
        ? accountKeys(text.slice('github:'.length))
        : readPublicKey(inHome(text));
    },
  };
}

/** A shell has not replaced the tilde of an answer. */
function inHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

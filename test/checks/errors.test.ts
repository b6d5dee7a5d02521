import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../support/factory.ts';
import { messageDecisions, plainErrors } from '../support/structure/error-use.ts';

const SOURCES = join(PROJECT, 'src');

/** Files that may throw a plain `Error`, and why. */
const PLAIN_ERRORS: Readonly<Record<string, string>> = {
  'common/oci/registry/repository-reader.ts': 'a reason, which becomes why a signature does not count',
  'common/trust/bundle.ts': 'a reason, which becomes why a signature does not count',
  'common/trust/bundle-signature.ts': 'a reason, which becomes why a signature does not count',
  'common/trust/classic-signature.ts': 'a reason, which becomes why a signature does not count',
  'common/trust/verify-file.ts': 'a reason, which becomes why a signature does not count',
  'common/trust/public-key.ts': 'a reason; the caller names the place of the key',
  'common/trust/trusted-root.ts': 'a reason; the caller names the file',
  'common/trust/policy.ts': 'a reason; the reader of the policy turns every failure into one error',
  'factory/config/load-signers.ts': 'a reason; the caller names the place',
  'factory/deliver/publish/verify-layout.ts': 'a reason; the caller names the blob',
  'factory/inputs/base/recorded-reader.ts': 'a reason, which becomes why a signature does not count',
  'factory/sharing/result-record.ts': 'reasons why a shared result is not used',
  'factory/catalog/flavors/eject.ts': 'a defect',
};

/** Files that look into a message, and why that decides nothing. */
const MESSAGE_TEXTS: Readonly<Record<string, string>> = {
  'agent/config/config-files.ts': 'only whether the name of the file has to be put in front',
  'common/cloud-config/validate.ts': 'only splits place and text for the list of findings',
  'common/errors/system-error.ts': 'only words: what is left of the text of an error that the table lacks',
  'common/text/issue-words.ts': 'only words: whether the schema library or our schema wrote the message',
  'factory/farm/failure-message.ts': 'a reason of Kubernetes is one word, and a code',
};

async function sources(): Promise<readonly (readonly [string, string])[]> {
  const files = (await readdir(SOURCES, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  return Promise.all(files.map(async (file) => [file, await readFile(join(SOURCES, file), 'utf8')] as const));
}

describe('errors', () => {
  test('are FactoryErrors, unless they are a reason for another error, or a defect', async () => {
    const found = (await sources()).filter(([, text]) => plainErrors(text) > 0).map(([file]) => file);
    expect(found).toEqual(Object.keys(PLAIN_ERRORS).sort());
  });

  test('are distinguished by code, not by the text of a message', async () => {
    const found = (await sources())
      .filter(([, text]) => messageDecisions(text).length > 0)
      .map(([file]) => file);
    expect(found).toEqual(Object.keys(MESSAGE_TEXTS).sort());
  });

  test.each([
    "error.message.endsWith('(HTTP 404)')",
    "messageOf(error).includes('no image')",
    "(error as Error).message.startsWith('x')",
    'if (/ENOENT/.test(error.message)) return;',
    '/not there/.exec(messageOf(error))',
    "message === 'not found'",
    'const [, name] = error.message.match(/x/) ?? [];',
    "throw new Error(objection.replace('is for another image,', 'was changed:'));",
    "if (result.startsWith('is a statement of another type')) continue;",
    "if (refusal.startsWith('x')) continue;",
  ])('a decision like %j is seen', (line) => {
    expect(messageDecisions(line)).toEqual([line]);
  });

  test.each(["error.code === 'ENOENT'", 'messages.includes(text)', 'throw new Wrong(error.message)'])(
    '%j is none',
    (line) => {
      expect(messageDecisions(line)).toEqual([]);
    },
  );
});

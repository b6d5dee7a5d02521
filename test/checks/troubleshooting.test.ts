import { describe, expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../src/common/errors/error-codes.ts';
import { quotes, sourceMessages } from '../support/structure/messages.ts';
import { projectFiles } from './project-files.ts';

/** Codes that the page does not list, and why. Those of the kind `usage` name the wrong value themselves. */
const UNLISTED: Partial<Record<ErrorCode, string>> = {
  ACCOUNT_FAILED: 'a failed step; the page leads to "doctor stages"',
  ARCHIVE_CORRUPT: 'names the file and the reason',
  ARTIFACT_CORRUPT: 'names the file and the reason',
  ATTESTATION_MISSING: 'lists what is missing',
  CONTENT_ARCH_MISMATCH: 'names both architectures',
  DAEMON_UNTRUSTED: 'names the certificate; docs/engines.md',
  DEVICE_MISSING: 'names the device',
  ENTRY_REFUSED: 'names the entry and the reason',
  EXTENSION_CONTENT_REFUSED: 'lists the files',
  EXTENSION_NOT_MERGED: 'has the output of systemd',
  IMAGE_CORRUPT: 'names the image and the reason',
  IMAGE_NAME_REFUSED: 'names the value',
  IMAGE_UNPACK_FAILED: 'rare; has the output of the program',
  MACHINE_ID_MISSING: 'rare: every boot makes one',
  PACKAGE_DATABASE_UNREADABLE: 'names the file and the reason',
  PATH_NOT_FOUND: 'names the path',
  PROGRAM_INVALID: 'names the file',
  PROOF_FAILED: 'lists the checks, each with its reason',
  REDIRECT_UNSAFE: 'a server of somebody else does it',
  REDIRECT_WITHOUT_TLS: 'a server of somebody else does it',
  RELEASE_INVALID: 'lists the problems',
  RESPONSE_TOO_LARGE: 'a server of somebody else does it',
  SIGNATURE_NOT_STORED: 'rare; names the registry or the program',
  SIGNED_LIST_INVALID: 'names the file and the reason',
  UNMOUNT_FAILED: 'rare; has the output of the program',
};

interface Row {
  readonly message: string;
  readonly quoted: readonly string[];
  readonly codes: readonly string[];
}

const files = await projectFiles();
const page = files.get('docs/troubleshooting.md') ?? '';
const inBackticks = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
const rows: Row[] = page.split('\n').flatMap((line) => {
  if (!/^\| (?!message,|-)/.test(line)) return [];
  const [, message = '', codes = ''] = line.split(/ *\| /);
  // A single word is the name of a command, a unit or a partition.
  const quoted = inBackticks(message).filter((text) => text.includes(' '));
  return [{ message: message.trim(), quoted, codes: inBackticks(codes) }];
});
const messages = [...files].flatMap(([path, text]) =>
  path.startsWith('src/') && path.endsWith('.ts') ? sourceMessages(path, text) : [],
);
/** Lines of what runs on a node outside of the agent; their variables are values. */
const scripts = [...files].flatMap(([path, text]) => (path.startsWith('templates/') ? text.split('\n') : []));

describe('the page of messages', () => {
  test('has rows', () => {
    expect(rows.length).toBeGreaterThan(60);
    expect(messages.length).toBeGreaterThan(5000);
  });

  test.each(rows.filter(({ quoted }) => quoted.length > 0))(
    'quotes what exists: $message',
    ({ quoted, codes }) => {
      for (const quotation of quoted) {
        const texts = messages.filter(({ text }) => quotes(text, quotation));
        if (codes.length === 0)
          expect(
            scripts.some((line) => quotes(line, quotation)),
            quotation,
          ).toBe(true);
        else expect(texts.length, quotation).toBeGreaterThan(0);
        const thrown = texts.flatMap((text) => text.codes);
        if (thrown.length > 0)
          expect(
            codes.some((code) => thrown.includes(code)),
            `${quotation}: ${thrown}`,
          ).toBe(true);
      }
    },
  );

  test('names codes that exist, and only those', () => {
    expect(rows.flatMap(({ codes }) => codes).filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });

  test('lists every code of a failure that somebody can repair', () => {
    const listed = new Set(rows.flatMap(({ codes }) => codes));
    const missing = Object.entries(ERROR_CODES).flatMap(([code, { kind }]) =>
      kind === 'usage' || listed.has(code) ? [] : [code],
    );
    expect(missing.sort()).toEqual(Object.keys(UNLISTED).sort());
  });
});

test.each([
  ['… is not installed', 'the firmware … is not installed', true],
  ['no disk', 'there is no disk here', true],
  ['… has no image', 'the registry had an image', false],
  ['b … a', 'a and b', false],
])('%j quotes %j: %s', (quotation, text, expected) => {
  expect(quotes(text, quotation)).toBe(expected);
});

test('the texts of a source are found with the codes of their errors', () => {
  const source = [
    "throw new FactoryError('A_B', `the file ${file} is not there`, { remedy: 'Look.' });",
    "new FactoryError(full ? 'C_D' : 'E_F', 'no room');",
    "say('something');",
  ].join('\n');
  expect(sourceMessages('x.ts', source)).toEqual([
    { text: 'A_B', codes: [] },
    { text: 'the file … is not there', codes: ['A_B'] },
    { text: 'Look.', codes: [] },
    { text: 'C_D', codes: [] },
    { text: 'E_F', codes: [] },
    { text: 'no room', codes: ['C_D', 'E_F'] },
    { text: 'something', codes: [] },
  ]);
});

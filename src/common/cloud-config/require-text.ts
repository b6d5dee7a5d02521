import { FactoryError } from '../errors/factory-error.ts';

/**
 * What yaml.v3 does not read either: control characters, and bytes that are not UTF-8, which have become U+FFFD when a file is
 * decoded. Nobody writes that character itself.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
const UNREADABLE = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd]/;

/**
 * Refuses a text that would reach the node changed: a host name or a password in another encoding.
 * @param name the name of the file in messages
 * @throws FactoryError `usage` with `file:line:column`
 */
export function requireText(name: string, text: string): void {
  const at = text.search(UNREADABLE);
  if (at < 0) return;
  const lines = text.slice(0, at).split('\n');
  const place = `${name}:${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
  const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const what = code === 'FFFD' ? 'this is not UTF-8 text' : `the control character U+${code} is not allowed`;
  throw new FactoryError('CLOUD_CONFIG_INVALID', `${place}: ${what}`, {
    remedy: 'Save the file as UTF-8, and give other bytes of a file with "encoding: b64".',
  });
}

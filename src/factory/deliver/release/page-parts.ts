import { quoted, quoteWord } from '../../../common/text/shell-word.ts';
import { type Html, html } from './html.ts';

/**
 * A button that copies the text of the element `id`; the page's script makes it visible.
 * @param what the copied thing, for screen readers
 */
export function copyButton(id: string, what: string): Html {
  return html`<button type="button" data-copy="${id}" hidden>Copy<span class="gone"> ${what}</span></button>`;
}

/**
 * One or more command lines with a copy button.
 * @param id element id of the command
 * @param what the copied thing, for screen readers
 */
export function command(id: string, text: string, what: string): Html {
  return html`<div class="command"><pre><code id="${id}">${text}</code></pre>${copyButton(id, what)}</div>`;
}

/** Formats a size for people, such as `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** A count with its noun, in the singular or the plural. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Encodes a text for use in an element id: letters, digits and hyphens stay as they are. */
export function idOf(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9-]/g, (character) => `_${character.codePointAt(0)?.toString(16)}_`);
}

/** A file name as one word of a POSIX shell, quoted where necessary. */
export function shellWord(text: string): string {
  return text.startsWith('-') ? quoted(text) : quoteWord(text);
}

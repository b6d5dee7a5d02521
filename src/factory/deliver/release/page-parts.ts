import { type Html, html } from './html.ts';

/** A button that copies the element with an id; the page's script makes it visible. */
export function copyButton(id: string, what: string): Html {
  return html`<button type="button" data-copy="${id}" hidden>Copy<span class="gone"> ${what}</span></button>`;
}

/** A command line, or several, with a button that copies it. */
export function command(id: string, text: string, what: string): Html {
  return html`<div class="command"><pre><code id="${id}">${text}</code></pre>${copyButton(id, what)}</div>`;
}

/** A number of bytes for people. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** A word for the one or the many. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A text as part of an id: letters and digits stay. */
export function idOf(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9-]/g, (character) => `_${character.codePointAt(0)?.toString(16)}_`);
}

/** A file name for a POSIX shell, quoted where it has to be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

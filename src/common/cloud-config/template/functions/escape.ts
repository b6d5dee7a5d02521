const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};
const JS: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"' };

/** As Go's `template.HTMLEscapeString`. */
export function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (character) => HTML[character] ?? character);
}

/** As Go's `template.JSEscapeString`. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\p{C}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return JS[character] ?? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** As Go's `url.QueryEscape`. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

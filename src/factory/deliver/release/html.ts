/** HTML that is already escaped. */
export interface Html {
  readonly html: string;
}

/** A value in a template: texts are escaped, lists joined; `undefined` and `false` render as nothing. */
type Part = Html | string | number | undefined | false | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Template tag for HTML. Values are safe between tags and in quoted attributes only. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  const [first = '', ...rest] = strings;
  return { html: first + rest.map((text, index) => render(values[index]) + text).join('') };
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'html' in part ? part.html : part.map(render).join('');
}

/** Escapes text for use between tags and in quoted attributes. Characters that HTML forbids become U+FFFD. */
export function escapeHtml(text: string): string {
  return (
    text
      .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern replaces them
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/gu, '\ufffd')
  );
}

/** The relative URL of a file. No part of the file name can act as a scheme or a query. */
export function href(name: string): string {
  return `./${name.split('/').map(encodeURIComponent).join('/')}`;
}

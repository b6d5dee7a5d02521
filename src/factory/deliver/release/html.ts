/** A piece of HTML that needs no escaping any more. */
export interface Html {
  readonly html: string;
}

/** What may stand in a template: texts are escaped, lists joined, what is absent leaves nothing. */
type Part = Html | string | number | undefined | false | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A template of HTML. Values go between tags or into quoted attributes, and nowhere else. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  const [first = '', ...rest] = strings;
  return { html: first + rest.map((text, index) => render(values[index]) + text).join('') };
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'html' in part ? part.html : part.map(render).join('');
}

/** Text for between tags and for quoted attributes. Control characters, which HTML does not know, become visible. */
export function escapeHtml(text: string): string {
  return (
    text
      .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/gu, '\ufffd')
  );
}

/** A relative address of a file: no part of its name can be a scheme, a query or another directory. */
export function href(name: string): string {
  return `./${name.split('/').map(encodeURIComponent).join('/')}`;
}

import type { MarkdownRenderer } from 'vitepress';

/**
 * Renders the pages as GitHub does. They are plain Markdown: HTML comments are left out, and neither `{{` nor `<name>` has a meaning
 * for Vue.
 */
export function asOnGitHub(md: MarkdownRenderer): void {
  md.core.ruler.before('normalize', 'comments', (state) => {
    state.src = state.src.replaceAll(/^<!--[\s\S]*?-->$/gm, '');
  });
  md.core.ruler.push('links', (state) => {
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href !== null) token.attrSet('href', siteLink(href));
    }
  });
  for (const rule of ['text', 'code_inline'] as const) {
    const render = md.renderer.rules[rule];
    md.renderer.rules[rule] = (...given) => render?.(...given).replaceAll('{{', '&#123;&#123;') ?? '';
  }
}

/** A link of a page, as it has to be on the site: a directory, and the `README.md` in it, are the index page of the directory. */
function siteLink(href: string): string {
  if (/^[a-z]+:|^#/.test(href)) return href;
  return href
    .replace(/(^|\/)README\.md(?=$|#)/, '$1index.md')
    .replace(/((?:^|\/)LICENSE|\.cast)$/, '$1.txt')
    .replace(/^([^.#]|\.\.\/)+$/, (directory) => `${directory.replace(/\/$/, '')}/index.md`);
}

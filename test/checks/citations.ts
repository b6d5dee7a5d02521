import { dirname, join, normalize } from 'node:path';
import { anchorOf } from '../../site/anchor.ts';

/** Files of the project by their path: only Markdown needs its text, other files only have to exist. */
export type ProjectFiles = ReadonlyMap<string, string>;

/** The page that short citations mean: `docs/contract.md 2.3` is its heading 2.3. */
export const CONTRACT = 'docs/contract.md';

const CITATION =
  /docs\/contract\.md[ \n](?:\s*(?:\*|\/\/|#) )?(\d+(?:\.\d+)?(?:(?:,| and| to)\s(?:\s*(?:\*|\/\/|#) )?\d+(?:\.\d+)?)*)/g;
const PAGE = /\bdocs\/[\w./-]+\.(?:md|json)(?:#[\w-]+)?/g;
/** A path in a code span; one with a placeholder in capitals, such as `flavors/NAME.yaml`, cites no file. */
const CODE_PATH = /`((?:src|test|templates|flavors|models|scripts|docs|bin)\/[\w./@-]+)`/g;
const LINK = /\]\(([^)\s]+)\)/g;

/** Names of documents that never were in the repository, and ways to cite the contract without naming its page. */
const OLD_FORMS = [
  /(?<!docs\/)\bcontract,? (?:section )?\d/i,
  /\bdesign, (?:decision|section|"|last)/i,
  /\b(?:peers|design|capabilities|kairos-contract)\.md\b/,
  /\bfirst plan\b/i,
];

/** Everything in `text` that cites something which `files` does not have, as `PATH: what is wrong`. */
export function brokenCitations(path: string, text: string, files: ProjectFiles): string[] {
  const sections = new Set(
    [...(files.get(CONTRACT) ?? '').matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => number),
  );
  const problems = OLD_FORMS.flatMap((form) => {
    const found = form.exec(text)?.[0];
    return found === undefined ? [] : [`"${found}" cites nothing that is in the repository`];
  });
  for (const [, list = ''] of text.matchAll(CITATION)) {
    for (const [number] of list.matchAll(/\d+(?:\.\d+)?/g)) {
      if (!sections.has(number)) problems.push(`${CONTRACT} has no heading ${number}`);
    }
  }
  const targets = path.endsWith('.md') ? linksOf(path, text) : [...text.matchAll(PAGE)].map(([page]) => page);
  for (const target of targets) {
    const problem = problemOf(target, files);
    if (problem !== undefined) problems.push(problem);
  }
  return problems.map((problem) => `${path}: ${problem}`);
}

/** The anchors of a page, as GitHub derives them from its headings. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = anchorOf(heading);
    let unique = anchor;
    for (let again = 1; anchors.has(unique); again++) unique = `${anchor}-${again}`;
    anchors.add(unique);
  }
  return anchors;
}

function linksOf(path: string, markdown: string): string[] {
  const prose = withoutCode(markdown);
  const links = [...prose.matchAll(LINK)].map(([, link = '']) => link);
  const paths = [...prose.matchAll(CODE_PATH)].map(([, found = '']) => found);
  return [
    ...links
      .filter((link) => !/^[a-z]+:/.test(link))
      .map((link) => (link.startsWith('#') ? `${path}${link}` : normalize(join(dirname(path), link)))),
    ...paths.filter((found) => !/\b[A-Z]{3,}\b/.test(found)),
  ];
}

function problemOf(target: string, files: ProjectFiles): string | undefined {
  const [page = '', anchor] = target.split('#');
  const name = page.replace(/\/$/, '');
  const isDirectory = [...files.keys()].some((file) => file.startsWith(`${name}/`));
  if (!files.has(name) && !isDirectory) return `there is no ${name}`;
  if (anchor !== undefined && !anchorsOf(files.get(name) ?? '').has(anchor))
    return `${name} has no heading #${anchor}`;
  return undefined;
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```/gm, '');
}

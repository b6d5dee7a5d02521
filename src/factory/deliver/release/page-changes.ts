import { type Html, html } from './html.ts';
import { countChanges, type PackageChanges } from './package-changes.ts';
import { counted } from './page-parts.ts';
import type { Release, ReleaseTarget } from './schema.ts';

/** Renders the changes since the previous release; empty without a previous release. */
export function changesSection({ previous, targets }: Release): Html {
  if (previous === undefined) return html``;
  return html`<h2 id="changes">Changes since ${previous.version}</h2>
${targets.map(
  (target) => html`<section class="card"><h3>${target.name}</h3>${changesOf(target)}</section>\n`,
)}`;
}

function changesOf({ changes }: ReleaseTarget): Html {
  if (changes === undefined)
    return html`<p class="sub">New target, or a release without a known list of packages.</p>`;
  if (countChanges(changes) === 0) return html`<p class="sub">No package changed.</p>`;
  return html`<p class="sub">${summary(changes)}</p>
${list(
  'Upgraded',
  changes.upgraded.map(({ name, from, to }) => [name, `${from} → ${to}`]),
)}${list(
  'Downgraded',
  changes.downgraded.map(({ name, from, to }) => [name, `${from} → ${to}`]),
)}${list(
  'Added',
  changes.added.map(({ name, version }) => [name, version]),
)}${list(
  'Removed',
  changes.removed.map(({ name, version }) => [name, version]),
)}`;
}

function summary({ upgraded, downgraded, added, removed }: PackageChanges): string {
  const counts: readonly (readonly [number, string])[] = [
    [upgraded.length, 'upgraded'],
    [downgraded.length, 'downgraded'],
    [added.length, 'added'],
    [removed.length, 'removed'],
  ];
  const parts = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return `Packages: ${parts.join(', ')}`;
}

function list(title: string, rows: readonly (readonly [name: string, value: string])[]): Html | undefined {
  if (rows.length === 0) return undefined;
  return html`<details><summary>${title}: ${counted(rows.length, 'package')}</summary><ul class="changes">${rows.map(
    ([name, value]) => html`<li><span>${name}</span><span class="v">${value}</span></li>`,
  )}</ul></details>`;
}

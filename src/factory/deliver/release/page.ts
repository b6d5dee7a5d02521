import { createHash } from 'node:crypto';
import { SUMS } from '../../signing/output-files.ts';
import { CHANGELOG_FILE, RELEASE_FILE } from './file-names.ts';
import { html } from './html.ts';
import { changesSection } from './page-changes.ts';
import { installGuide, verifyGuide } from './page-guide.ts';
import { counted, formatBytes } from './page-parts.ts';
import { SCRIPT, STYLE } from './page-style.ts';
import { targetCard, targetId } from './page-target.ts';
import type { Release } from './schema.ts';

/** What the page depends on besides the release. */
export interface PageOptions {
  /** Whether `SHA256SUMS` has a signature. */
  readonly isSigned: boolean;
}

/**
 * Renders the web page of a release: one HTML file that works without a server, a network or JavaScript. Its content
 * security policy allows only its own style and script, by their hashes (CSP 3, "Usage of 'sha256-…'").
 */
export function renderPage(release: Release, { isSigned }: PageOptions): string {
  const { version, date, targets, tool, previous } = release;
  const files = targets.flatMap((target) => target.files);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const install = installGuide(release);
  const day = date.slice(0, 10);
  const policy = `default-src 'none'; style-src '${hashOf(STYLE)}'; script-src '${hashOf(SCRIPT)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const hasChangelog = release.files.some(({ name }) => name === CHANGELOG_FILE);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="${tool}">
<title>Kairos ${version}</title>
<link rel="icon" href="data:,">
<style>${{ html: STYLE }}</style>
</head>
<body>
<a class="skip" href="#downloads">Skip to the downloads</a>
<header><div class="wrap">
<p class="kicker">Kairos release</p>
<h1>${version}</h1>
<p class="meta"><time datetime="${date}">${day}</time> · ${counted(targets.length, 'target')} · ${formatBytes(size)}</p>
<nav aria-label="Sections"><ul>
<li><a href="#downloads">Downloads</a></li>
<li><a href="#verify">Verify</a></li>
${install.html !== '' && html`<li><a href="#install">Install and upgrade</a></li>`}
${previous !== undefined && html`<li><a href="#changes">Changes</a></li>`}
</ul></nav>
</div></header>
<main class="wrap">
<h2 id="downloads">Downloads</h2>
${
  targets.length > 1 &&
  html`<nav aria-label="Targets"><ul class="targets">
${targets.map(
  (target) =>
    html`<li><a href="#${targetId(target)}">${target.name}</a> <span>${target.flavor} ${target.flavorRelease} · ${target.arch}</span></li>\n`,
)}</ul></nav>`
}
${targets.map(targetCard)}
<h2 id="verify">Verify</h2>
${verifyGuide({ isSigned })}
${install}
${changesSection(release)}
</main>
<footer><div class="wrap">
<p>Machine-readable: <a href="./${RELEASE_FILE}">${RELEASE_FILE}</a> and <a href="./${SUMS}">${SUMS}</a>.${
    hasChangelog && html` Changelog: <a href="./${CHANGELOG_FILE}">${CHANGELOG_FILE}</a>.`
  } Made by ${tool}.</p>
</div></footer>
<p class="gone" id="copy-status" role="status" aria-live="polite"></p>
<script>${{ html: SCRIPT }}</script>
</body>
</html>
`.html;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

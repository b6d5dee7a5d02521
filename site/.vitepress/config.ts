// The documentation as a site: `npm run site`. The pages are the Markdown files of the project, where they are.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { anchorOf } from '../anchor.ts';
import { asOnGitHub } from '../markdown.ts';
import { pageAddress, sidebar } from '../sidebar.ts';

/** Files that pages link to and that are not pages. */
const FILES = {
  'docs/cloud-config.schema.json': '',
  'docs/recordings/first-image.cast': '.txt',
  'docs/release.schema.json': '',
  'docs/rollout.schema.json': '',
  LICENSE: '.txt',
};

export default defineConfig({
  title: 'kairos-factory',
  description:
    'Takes the root filesystem of a Linux distribution and makes an immutable Kairos operating system of it.',
  // No browser has to ask for an icon.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: '..',
  srcExclude: ['!(docs)/**/*'],
  outDir: '../dist/site',
  cacheDir: '../dist/site.cache',
  rewrites: (page) => page.replace(/README\.md$/, 'index.md'),
  markdown: { html: false, anchor: { slugify: anchorOf }, config: asOnGitHub },
  themeConfig: {
    nav: [
      { text: 'Commands', link: pageAddress('docs/commands.md') },
      { text: 'Configuration', link: pageAddress('docs/configuration.md') },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    // In the browser, from an index that is part of the site.
    search: { provider: 'local' },
  },
  // The module's own configuration is not for the browser.
  vite: { configFile: false, build: { chunkSizeWarningLimit: 4096 } },
  buildEnd: async ({ outDir, srcDir }) => {
    for (const [file, ending] of Object.entries(FILES))
      await cp(join(srcDir, file), join(outDir, `${file}${ending}`));
  },
});

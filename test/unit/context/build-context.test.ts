import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type ContextOptions,
  contextEntries,
  renderContainerfile,
} from '../../../src/context/build-context.ts';
import type { ContextEntry } from '../../../src/context/context-tar.ts';
import { loadFlavor } from '../../../src/flavors/load.ts';
import { select } from '../../../src/flavors/select.ts';
import { bootargs } from '../../../src/layout/kernel-command-line.ts';
import { parseOsRelease } from '../../../src/layout/os-release.ts';
import { requiredDirectories } from '../../../src/layout/system-layout.ts';
import { FLAVORS, TEMPLATES } from '../../../src/pipeline/session.ts';
import { plant, temporaryDirectory } from '../support/temporary.ts';

const flavor = await loadFlavor(FLAVORS, 'debian');
const selection = select(flavor, { arch: 'amd64', releaseVersion: '12' }, 'generic', ['vim']);

const OPTIONS: ContextOptions = {
  templates: TEMPLATES,
  flavor,
  selection,
  identity: {
    flavor: 'debian',
    flavorRelease: '12',
    family: 'debian',
    variant: 'core',
    arch: 'amd64',
    model: 'generic',
    version: 'v1.2.3',
  },
  model: 'generic',
  base: 'localhost/base:1',
  epoch: '1700000000',
  overlay: undefined,
  tool: 'kairos-factory v0.1.0',
  // Any file: only its name and size come into play.
  agent: import.meta.filename,
};

function textOf(entries: readonly ContextEntry[], path: string): string {
  const entry = entries.find((candidate) => candidate.path === path);
  if (entry?.type === 'text') return entry.text;
  if (entry?.type === 'file') return readFileSync(entry.source, 'utf8');
  throw new Error(`the context has no file ${path}`);
}

describe('renderContainerfile', () => {
  test('without an overlay copies none', () => {
    expect(
      renderContainerfile({ base: 'localhost/base:1', flavor, overlay: undefined }),
    ).toMatchInlineSnapshot(`
      "FROM localhost/base:1
      USER 0
      COPY install/ /kairos-build/install/
      RUN ["/bin/sh", "/kairos-build/install/install-apt.sh"]
      COPY framework/ /
      COPY finish/ /kairos-build/finish/
      RUN ["/bin/sh", "/kairos-build/finish/finish.sh"]
      "
    `);
  });

  test('lays the overlay over the framework, before the system is finished', () => {
    const lines = renderContainerfile({ base: 'b', flavor, overlay: '/o' }).split('\n');
    const [framework, overlay, finish] = [
      'COPY framework/ /',
      'COPY overlay/ /',
      'RUN ["/bin/sh", "/kairos-build/finish/finish.sh"]',
    ].map((line) => lines.indexOf(line));
    expect([framework, overlay, finish]).not.toContain(-1);
    expect([framework, overlay, finish]).toEqual([framework, overlay, finish].sort((a = 0, b = 0) => a - b));
  });

  test('copies only what the context has', () => {
    const entries = contextEntries(OPTIONS);
    const sources = [...textOf(entries, 'Containerfile').matchAll(/^COPY (\S+)\/ /gm)].map(
      (match) => match[1] ?? '',
    );
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources)
      expect(entries.some(({ path }) => path.startsWith(`${source}/`))).toBe(true);
  });
});

describe('contextEntries', () => {
  const overlay = () => plant(temporaryDirectory(), { 'etc/motd': 'hello', 'etc/link': { link: 'motd' } });

  test('gives parents before children', () => {
    const entries = contextEntries({ ...OPTIONS, overlay: overlay() });
    const first = new Map<string, number>();
    entries.forEach(({ path }, index) => {
      if (!first.has(path)) first.set(path, index);
    });
    const directories = entries.filter(({ type }) => type === 'directory').map(({ path }) => path);
    expect(directories).toContain('framework/etc');
    entries.forEach(({ path }, index) => {
      for (const directory of directories) {
        if (path.startsWith(`${directory}/`))
          expect([path, (first.get(directory) ?? 0) < index]).toEqual([path, true]);
      }
    });
  });

  test('lets nobody but root write', () => {
    const entries = contextEntries({ ...OPTIONS, overlay: overlay() });
    const modes = entries.flatMap((entry) => ('mode' in entry ? [[entry.path, entry.mode & 0o022]] : []));
    expect(modes.length).toBeGreaterThan(0);
    expect(modes.filter(([, mode]) => mode !== 0)).toEqual([]);
  });

  test('stays within the context, with names that are relative', () => {
    for (const { path } of contextEntries({ ...OPTIONS, overlay: overlay() })) {
      expect(path).not.toMatch(/^\/|(^|\/)\.\.(\/|$)|\/$/);
    }
  });

  test('says what is to be installed, enabled, masked and made', () => {
    const entries = contextEntries(OPTIONS);
    const lines = (path: string) => textOf(entries, path).split('\n').slice(0, -1);
    expect(lines('install/packages')).toEqual(selection.packages);
    expect(lines('finish/enable')).toEqual(selection.enable);
    expect(lines('finish/mask')).toEqual(selection.mask);
    expect(lines('finish/directories')).toEqual(requiredDirectories(flavor['persistent-paths']));
    expect(lines('finish/directories')).toContain('/snap');
    expect(textOf(entries, 'install/source-date-epoch')).toBe('1700000000');
    expect(textOf(contextEntries({ ...OPTIONS, epoch: undefined }), 'install/source-date-epoch')).toBe('');
  });

  test('has the framework of the contract', () => {
    const entries = contextEntries(OPTIONS);
    expect(textOf(entries, 'framework/etc/cos/bootargs.cfg')).toBe(bootargs('generic'));
    expect(parseOsRelease(textOf(entries, 'framework/etc/kairos-release')).get('KAIROS_VERSION')).toBe(
      'v1.2.3',
    );
    expect(entries.find(({ path }) => path === 'framework/usr/bin/kairos-agent')).toMatchObject({
      type: 'file',
      source: OPTIONS.agent,
      mode: 0o755,
      size: statSync(import.meta.filename).size,
    });
    const layout = parseOsRelease(textOf(entries, 'framework/usr/lib/kairos/cos-layout.env'));
    expect(layout.get('PERSISTENT_STATE_PATHS')).toMatch(/ \/snap \/var\/snap \/var\/lib\/snapd$/);
    expect(textOf(entries, 'framework/etc/cos/grub.cfg')).toBe(
      readFileSync(join(TEMPLATES, 'image/common/etc/cos/grub.cfg'), 'utf8'),
    );
  });

  test('has an overlay where one was given', () => {
    const paths = contextEntries({ ...OPTIONS, overlay: overlay() }).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['overlay', 'overlay/etc', 'overlay/etc/motd', 'overlay/etc/link']),
    );
    expect(contextEntries(OPTIONS).filter(({ path }) => path.startsWith('overlay'))).toEqual([]);
  });
});

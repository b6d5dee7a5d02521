import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { PROJECT } from '../support/factory.ts';
import { countLines, quantile } from '../support/structure/file-sizes.ts';
import { type ImportGraph, readImportGraph } from '../support/structure/import-graph.ts';
import { importCircles, importViolations, parseRoomOrder } from '../support/structure/import-rules.ts';

const SOURCES = join(PROJECT, 'src');
/** Lines of the median file and of the file at the 90th percentile. They only get lower. */
const MEDIAN = 70;
const NINE_TENTHS = 160;

async function typeScriptFiles(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
}

describe('imports', () => {
  let graph: ImportGraph;
  beforeAll(async () => {
    graph = await readImportGraph(SOURCES, await typeScriptFiles(SOURCES));
  });

  test('lead from a wing to the shared one, and from a room to those before it in ARCHITECTURE.md', async () => {
    const order = parseRoomOrder(await readFile(join(PROJECT, 'ARCHITECTURE.md'), 'utf8'));
    expect(importViolations(graph, order)).toEqual([]);
    const rooms = new Set([...graph.keys()].map((file) => file.split('/').slice(0, 2).join('/')));
    expect(order.filter((room) => !rooms.has(room))).toEqual([]);
  });
  test('form no circle', () => {
    expect(importCircles(graph)).toEqual([]);
  });
  test('lead to files that exist', () => {
    const missing = [...graph].flatMap(([file, targets]) =>
      targets
        .filter((target) => !graph.has(target) && target.endsWith('.ts'))
        .map((target) => `${file}: ${target}`),
    );
    expect(missing).toEqual([]);
    expect(graph.size).toBeGreaterThan(400);
  });
});

describe('file sizes', () => {
  const sizes = async (directory: string) => {
    const root = join(PROJECT, directory);
    const files = await typeScriptFiles(root);
    return Promise.all(
      files.map(async (file) => ({ file, lines: countLines(await readFile(join(root, file), 'utf8')) })),
    );
  };

  test('sources: none over 300 lines, most far below', async () => {
    const found = await sizes('src');
    expect(found.filter(({ lines }) => lines > 300)).toEqual([]);
    expect(found.length).toBeGreaterThan(400);
    const lines = found.map((file) => file.lines);
    expect(quantile(lines, 0.5)).toBeLessThanOrEqual(MEDIAN);
    expect(quantile(lines, 0.9)).toBeLessThanOrEqual(NINE_TENTHS);
  });
  test('what tests share: none over 300 lines', async () => {
    expect((await sizes('test/support')).filter(({ lines }) => lines > 300)).toEqual([]);
  });
});

#!/usr/bin/env node
// Writes the results of the nightly proof into the table of docs/support.md. Usage: write-proofs.ts RESULTS PAGE DATE
// RESULTS has a directory FLAVOR-RELEASE for each row, with manifest.json and *.test-result.json of a build that was proven; a
// row without them has failed.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv } from 'node:process';
import { type ProofCells, type ProofRow, proofRows, rowName, withTable } from './proof-rows.ts';

/** The part of `manifest.json` that the table shows. */
interface Manifest {
  readonly images?: readonly { readonly digest: string }[];
}

/** The part of a test result that the table shows. */
interface TestResult {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicate: { readonly result: string; readonly passedTests: readonly string[] };
}

/** Reads what a job of the matrix left. */
export async function readCells(results: string, row: ProofRow, date: string): Promise<ProofCells> {
  const directory = join(results, rowName(row));
  const json = async (name: string) => JSON.parse(await readFile(join(directory, name), 'utf8')) as unknown;
  const names = await readdir(directory).catch(() => []);
  const statement = names.find((name) => name.endsWith('.test-result.json'));
  if (statement === undefined) return { proven: 'failed', date, base: '', image: '' };
  const { subject, predicate } = (await json(statement)) as TestResult;
  const events = new Set(
    predicate.passedTests
      .map((name) => name.split('/'))
      .flatMap(([, event = '', ...check]) => (check.length > 0 ? [] : event)),
  );
  const { images = [] } = (await json('manifest.json')) as Manifest;
  const image = subject.find(({ name }) => name.endsWith('.oci'))?.digest.sha256 ?? '';
  return {
    proven: predicate.result === 'PASSED' ? [...events].join(', ') : 'failed',
    date,
    base: shown(images[0]?.digest.replace('sha256:', '')) || 'bootstrapped',
    image: shown(image),
  };
}

/** A digest for people. */
function shown(sha256 = ''): string {
  return sha256 === '' ? '' : `\`sha256:${sha256.slice(0, 16)}\``;
}

if (import.meta.main) {
  const [, , results = '', readme = '', date = ''] = argv;
  const rows = await proofRows();
  const found = new Map<string, ProofCells>();
  for (const row of rows) found.set(rowName(row), await readCells(results, row, date));
  await writeFile(readme, withTable(await readFile(readme, 'utf8'), rows, found));
}

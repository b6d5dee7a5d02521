import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expandTemplate } from '../../../../../src/common/cloud-config/template/template.ts';

/** Output of Go 1.26's text/template with the functions of Sprig 3.3.0 for these templates and this data. */
const recorded: { readonly data: unknown; readonly cases: readonly (readonly [string, string])[] } =
  JSON.parse(readFileSync(join(import.meta.dirname, 'go-cases.json'), 'utf8'));

/** The same for the functions of Sprig; null where Go fails. `record-go` writes the file. */
const sprig: readonly (readonly [string, string | null])[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'sprig-cases.json'), 'utf8'),
);

test.each(sprig)('%j gives the same as Sprig in Go', (template, printed) => {
  if (printed === null) expect(() => expandTemplate(template, {})).toThrow('template: 1:');
  else expect(expandTemplate(template, {})).toBe(printed);
});

test.each(recorded.cases)('%j expands as in Go', (template, printed) => {
  expect(expandTemplate(template, recorded.data)).toBe(printed);
});

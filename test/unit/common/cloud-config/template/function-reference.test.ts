import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { templateReference } from '../../../../../src/common/cloud-config/template/function-reference.ts';
import { expandTemplate } from '../../../../../src/common/cloud-config/template/template.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../../docs/templates.md'), 'utf8');

// When this fails: npm run docs
test('docs/templates.md matches the functions', () => {
  expect(page).toBe(templateReference());
});

test('the example on the page expands', () => {
  const example = parse(/^```yaml\n(.*?)^```$/ms.exec(page)?.[1] ?? '');
  const [first, second] = example.stages.initramfs;
  const network = [{ name: 'eth0', macaddress: '52:54:00:aa:bb:cc' }];
  const data = { MachineID: '3d1219c7', Values: { os: { vendor: 'ubuntu' }, network } };
  expect(expandTemplate(first.hostname, data)).toBe('node-3d12');
  expect(expandTemplate(second.if, data)).toBe('[ "ubuntu" = ubuntu ]');
  expect(expandTemplate(second.files[0].content, data)).toBe('\neth0 52:54:00:AA:BB:CC\n');
});

#!/usr/bin/env node
// Writes the generated parts of docs/: `npm run docs`.
import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { hardwareReference } from '../src/agent/initramfs/hardware-reference.ts';
import { ModuleSets } from '../src/agent/initramfs/module-sets.ts';
import { cloudConfigJsonSchema } from '../src/common/cloud-config/json-schema.ts';
import { cloudConfigReference } from '../src/common/cloud-config/key-reference.ts';
import { templateReference } from '../src/common/cloud-config/template/function-reference.ts';
import { withErrorCodes } from '../src/common/errors/code-reference.ts';
import { createWholeProgram } from '../src/factory/cli/program.ts';
import { commandsPage } from '../src/factory/cli/reference/command-pages.ts';
import { describeCommand } from '../src/factory/cli/reference/describe-command.ts';
import { releaseJsonSchema } from '../src/factory/deliver/release/schema.ts';
import { rolloutJsonSchema } from '../src/factory/rollout/schema.ts';
import { operatorManifests } from './operator-manifests.ts';
import { proofRows, withMatrix, withTable } from './proof-rows.ts';

const docs = new URL('../docs/', import.meta.url);
const schema = cloudConfigJsonSchema();
await writeFile(new URL('cloud-config.md', docs), cloudConfigReference(schema));
await writeFile(new URL('cloud-config.schema.json', docs), `${JSON.stringify(schema, null, 2)}\n`);
const release = releaseJsonSchema();
await writeFile(new URL('release.schema.json', docs), `${JSON.stringify(release, null, 2)}\n`);
await writeFile(new URL('rollout.schema.json', docs), `${JSON.stringify(rolloutJsonSchema(), null, 2)}\n`);
await writeFile(new URL('templates.md', docs), templateReference());
await writeFile(new URL('commands.md', docs), commandsPage(describeCommand(await createWholeProgram())));
for (const [path, text] of operatorManifests())
  await writeFile(new URL(`../deploy/operator/${path}`, docs), text);
const rows = await proofRows();
const rewrite = async (place: URL, change: (text: string) => string) =>
  writeFile(place, change(await readFile(place, 'utf8')));
await rewrite(new URL('../.github/workflows/prove.yml', docs), (text) => withMatrix(text, rows));
await rewrite(new URL('support.md', docs), (text) => withTable(text, rows));
await rewrite(new URL('errors.md', docs), withErrorCodes);
const sets = new URL('../templates/image/initramfs/usr/lib/kairos/initramfs/modules.yaml', import.meta.url);
await writeFile(
  new URL('hardware.md', docs),
  hardwareReference(ModuleSets.parse(parse(await readFile(sets, 'utf8')))),
);

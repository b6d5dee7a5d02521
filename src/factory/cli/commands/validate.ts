import { readFile } from 'node:fs/promises';
import { Command } from '@commander-js/extra-typings';
import { checkSource, type SourceReader } from '../../../common/cloud-config/check-source.ts';
import { httpPort } from '../../../common/http/http-port.ts';
import { createNodeFetch } from '../../../common/http/node-fetch.ts';
import { GROUPS } from '../option-groups.ts';

const READER: SourceReader = {
  readText: (path) => readFile(path, 'utf8'),
  ...httpPort(createNodeFetch({ env: process.env }), () => undefined),
};

/** `kairos-factory validate`: checks whether a node can use a cloud-config. */
export function validateCommand() {
  return new Command('validate')
    .argument('<source>', 'a file, a URL, or - for standard input')
    .optionsGroup(GROUPS.general)
    .option('--strict', 'treat warnings as errors')
    .option('--json', 'print the findings as JSON')
    .action(async (source, { strict = false, json = false }) => {
      await checkSource(source, READER, { strict, json, out: (text) => process.stdout.write(text) });
    });
}

import { readFile } from 'node:fs/promises';
import { Command } from '@commander-js/extra-typings';
import { formatSize } from '../../../common/text/size-text.ts';
import { findLog, type LogEntry, linesOf, listLogs } from '../../pipeline/tidy/read-logs.ts';
import { cacheDirectory, cachePlaces, requireReadableCache } from '../../pipeline/workspace.ts';
import { ARTIFACT_OPTIONS } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { table } from '../table.ts';

/** `kairos-factory logs [BUILD|STEP]`: lists and shows the logs of the last commands. */
export function logsCommand() {
  return new Command('logs')
    .argument('[which]', 'the number or the name of a log, or a step, such as image')
    .optionsGroup(GROUPS.general)
    .option('--path', 'print the path of the log instead of its lines')
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (which, { path = false, json }) => {
      await presentReport({ json }, async () => {
        const places = cachePlaces(cacheDirectory(process.env));
        await requireReadableCache(places.root);
        const logs = await listLogs(places.logs);
        if (which === undefined) return { json: { logs }, text: renderLogs(logs), isAnswer: true };
        const { log, step } = findLog(logs, which);
        if (path) return { json: { path: log.path }, text: `${log.path}\n`, isAnswer: true };
        const whole = await readFile(log.path, 'utf8');
        const text = step === undefined ? whole : linesOf(whole, step);
        return { json: { log, lines: text.split('\n').filter(Boolean) }, text, isAnswer: true };
      });
    });
}

function renderLogs(logs: readonly LogEntry[]): string {
  if (logs.length === 0) return 'There are no logs yet.\n';
  const rows = logs.map(({ number, began, bytes, command, steps }) => [
    String(number),
    began.replace(/\.\d+Z$/, 'Z'),
    formatSize(bytes),
    command,
    steps.join(' '),
  ]);
  return table([['LOG', 'BEGAN', 'SIZE', 'COMMAND', 'STEPS'], ...rows]);
}

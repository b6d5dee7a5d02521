// Prints the line that ends a test run: "N passed, N failed, N skipped". Fails when nothing has passed, and when a run
// has left no result.
import { readFileSync } from 'node:fs';

const results = [];
for (const file of process.argv.slice(2)) {
  try {
    results.push(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    process.stderr.write(`a run of tests did not come to its end: ${error.message}\n`);
    process.exitCode = 1;
  }
}
const sum = (...names) =>
  results.reduce((total, result) => total + names.reduce((own, name) => own + result[name], 0), 0);
const [passed, failed, skipped] = [
  sum('numPassedTests'),
  sum('numFailedTests'),
  sum('numPendingTests', 'numTodoTests'),
];
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
if (passed === 0) process.exitCode = 1;

// Prints the line that ends a test run: "N passed, N failed, N skipped". Fails when nothing has passed.
import { readFileSync } from 'node:fs';

const result = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const skipped = result.numPendingTests + result.numTodoTests;
process.stdout.write(
  `${result.numPassedTests} passed, ${result.numFailedTests} failed, ${skipped} skipped\n`,
);
process.exitCode = result.numPassedTests > 0 ? 0 : 1;

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Maximum size of all blobs together, in bytes. */
const SIZE_LIMIT = 1024 ** 3;

/**
 * The program of the child process: the file, table, column and order are its arguments. A view or a virtual table, whose
 * query could run for ever, is refused, and so is a column that is computed.
 */
const PROGRAM = `
const { DatabaseSync } = require('node:sqlite');
const [file, table, column, order] = process.argv.slice(1);
const database = new DatabaseSync(file, { allowExtension: false });
database.exec('PRAGMA trusted_schema = OFF');
const schema = database.prepare('SELECT type, sql FROM sqlite_master WHERE name = ?').all(table);
if (schema.length !== 1 || schema[0].type !== 'table' || /^\\s*create\\s+virtual/i.test(schema[0].sql))
  throw new RangeError(table + ' is not a table');
const columns = database.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0').all(table);
if (![column, order].every((wanted) => columns.some(({ name }) => name === wanted)))
  throw new RangeError(table + ' does not have the columns of a package database');
for (const row of database.prepare('SELECT ' + column + ' AS blob FROM ' + table + ' ORDER BY ' + order).iterate()) {
  if (!(row.blob instanceof Uint8Array)) throw new RangeError('a package has no header');
  const size = Buffer.alloc(4);
  size.writeUInt32LE(row.blob.length);
  require('node:fs').writeSync(1, Buffer.concat([size, row.blob]));
}
`;

/** Which blobs to read. The names are ours, not the user's. */
export interface BlobQuery {
  readonly table: string;
  readonly column: string;
  readonly order: string;
  /** Time limit; by default a minute. A large database takes a second. */
  readonly milliseconds?: number;
}

/**
 * Reads a column of blobs from an untrusted SQLite database. SQLite runs in a child process with a time limit, because a hostile
 * schema can make it loop where no signal reaches it.
 * @throws RangeError when it is not such a database, takes too long, or is too large
 */
export async function sqliteBlobs(file: string, query: BlobQuery): Promise<Uint8Array[]> {
  const { table, column, order, milliseconds = 60_000 } = query;
  const args = ['--no-warnings', '--eval', PROGRAM, '--', file, table, column, order];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    encoding: 'buffer',
    env: {},
    timeout: milliseconds,
    killSignal: 'SIGKILL',
    maxBuffer: SIZE_LIMIT,
  }).catch((error: ExecError) => {
    throw new RangeError(reasonOf(error), { cause: error });
  });
  const blobs: Uint8Array[] = [];
  for (let at = 0; at < stdout.length; ) {
    const size = stdout.readUInt32LE(at);
    blobs.push(stdout.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return blobs;
}

interface ExecError extends Error {
  readonly killed?: boolean;
  readonly code?: number | string;
  readonly stderr?: Buffer;
}

function reasonOf({ killed, code, stderr, message }: ExecError): string {
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `it has more than ${SIZE_LIMIT} bytes of headers`;
  if (killed) return 'its query took longer than the limit';
  const lines = stderr?.toString().split('\n') ?? [];
  return (
    lines.findLast((line) => /^\w*Error\b.*: /.test(line))?.replace(/^\w+(?: \[\w+\])?: /, '') ?? message
  );
}

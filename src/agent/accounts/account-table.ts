/**
 * Account files are tables: one row per line, fields separated by colons, the name first (passwd(5), shadow(5), group(5),
 * gshadow(5)). These functions change one row and leave every other byte untouched.
 */

/** The fields of each row, in order. Comments, blank lines and NIS lines (`+`, `-`) do not count as rows. */
export function rowsOf(table: string): string[][] {
  return table.split('\n').filter(isRow).map(fieldsOf);
}

/** The fields of the row with this name. */
export function findRow(table: string, name: string): string[] | undefined {
  return rowsOf(table).find((fields) => fields[0] === name);
}

/** The table with the row of the same name replaced, or the new row appended. */
export function setRow(table: string, fields: readonly string[]): string {
  const line = fields.join(':');
  const lines = table.split('\n');
  const index = lines.findIndex((other) => isRow(other) && fieldsOf(other)[0] === fields[0]);
  if (index >= 0) return lines.with(index, line).join('\n');
  return `${table}${table === '' || table.endsWith('\n') ? '' : '\n'}${line}\n`;
}

/** The table without the rows of this name. */
export function removeRow(table: string, name: string): string {
  return table
    .split('\n')
    .filter((line) => !isRow(line) || fieldsOf(line)[0] !== name)
    .join('\n');
}

/** Whether a text fits into one field: a colon or a line break would start another. */
export function isField(text: string): boolean {
  return !/[:\n\r\0]/.test(text);
}

function isRow(line: string): boolean {
  return line.includes(':') && !/^[#+-]/.test(line);
}

function fieldsOf(line: string): string[] {
  return line.split(':');
}

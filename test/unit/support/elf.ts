/** The first bytes of a program for the machine `e_machine` (gABI, "ELF Header"): enough to tell what it is for. */
export function elfHeader(machine: number, order: 'little' | 'big' = 'little'): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header[4] = 2;
  header[5] = order === 'big' ? 2 : 1;
  if (order === 'big') header.writeUInt16BE(machine, 18);
  else header.writeUInt16LE(machine, 18);
  return header;
}

/** A cpio archive ("newc") of regular files, as in an initramfs: name and content of each file. */
export function cpioArchive(files: Readonly<Record<string, string>>): Buffer {
  const pad = (text: string) => text + '\0'.repeat((4 - (text.length % 4)) % 4);
  const parts = [...Object.entries(files), ['TRAILER!!!', '']].map(([name = '', content = '']) => {
    const mode = name === 'TRAILER!!!' ? 0 : 0o100644;
    const fields = [0, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    return pad(pad(`${header}${name}\0`) + content);
  });
  return Buffer.from(parts.join(''), 'latin1');
}

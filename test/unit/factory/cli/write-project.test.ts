import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeProject } from '../../../../src/factory/init/write-project.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

// Where the kernel creates nothing, as in /proc, the recursive mkdir of Node.js never returns.
test.each(['/proc/project', 'below a file'])(
  'a project that cannot be written is refused: %s',
  async (where) => {
    const file = join(plant(temporaryDirectory(), { file: '' }), 'file');
    const place = where.startsWith('/') ? where : join(file, 'project');
    const files = [{ path: 'node.yaml', text: '#cloud-config\n', purpose: 'x' }];
    const { code, message } = await failureOf(() => writeProject(place, files), 'usage');
    expect(code).toBe('OUTPUT_UNWRITABLE');
    expect(message).toContain(join(place, 'node.yaml'));
  },
);

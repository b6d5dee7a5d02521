import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { drawEnd, drawSteps, type Row } from './draw-steps.ts';
import type { ProgressRenderer } from './progress-renderer.ts';
import { afterEvent, type StepList } from './step-list.ts';
import { plainText } from './terminal-traits.ts';

/** Milliseconds between two drawings. */
const INTERVAL = 120;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Used where a terminal does not say its size. */
const SIZE = { rows: 24, columns: 80 };

const COLORS = {
  waiting: 'gray',
  running: 'cyan',
  cached: 'gray',
  done: 'green',
  failed: 'red',
  detail: 'gray',
  count: 'gray',
} as const satisfies Record<Row['state'], string>;

/** Shows the steps on a terminal, and draws them again as they change. */
export function createLiveDisplay(
  stream: WriteStream,
  { isUnicode }: { readonly isUnicode: boolean },
): ProgressRenderer {
  let list: StepList = new Map();
  let drawn = 0;
  const notices: string[] = [];
  /** What others have written to the stream meanwhile. */
  let foreign = '';
  const write = stream.write.bind(stream);
  const canvas = () => ({
    rows: stream.rows || SIZE.rows,
    columns: stream.columns || SIZE.columns,
    isUnicode,
    now: performance.now(),
  });
  const erase = () => (drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`);
  const paint = ({ state, text }: Row) => styleText(COLORS[state], text, { stream });
  const draw = (rows: readonly Row[]) => {
    const text = `${erase()}${foreign}${rows.map((row) => `${paint(row)}\n`).join('')}`;
    foreign = '';
    drawn = rows.length;
    if (text !== '') write(text);
  };
  const showCursor = () => void write(SHOW_CURSOR);
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const begin = () => {
    write(HIDE_CURSOR);
    process.once('exit', showCursor);
    stream.write = (text: string | Uint8Array) => {
      foreign += String(text);
      return true;
    };
    timer = setInterval(() => draw(drawSteps(list, canvas())), INTERVAL);
    timer.unref();
  };
  return {
    onEvent: (event) => {
      if (event.type === 'notice') notices.push(event.text);
      list = afterEvent(list, event, performance.now());
      if (list.size > 0 && timer === undefined) begin();
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      if (timer !== undefined) {
        clearInterval(timer);
        draw(drawEnd(list, canvas()));
        stream.write = write;
        process.off('exit', showCursor);
        showCursor();
      }
      for (const text of notices) write(`notice: ${isUnicode ? text : plainText(text)}\n`);
    },
  };
}

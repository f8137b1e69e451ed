import type { WriteStream } from 'node:tty';

/** How far something is. `total` 0: not known yet. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** What to say beside the bar. */
  readonly text: string;
}

/** Where a command speaks: results on stdout, all else on stderr. */
export interface Terminal {
  /** A line of the result, for people; nothing with `--json`. */
  print(line: string): void;
  /** A line about what is going on, on stderr. */
  say(line: string): void;
  /** A bar that is redrawn on a terminal, a plain line now and then in a log. */
  progress(progress: Progress): void;
  /** Ends the bar, so that the next line starts on its own. */
  endProgress(): void;
  /** The one JSON object, with `--json`. */
  json(value: unknown): void;
}

/** Options of {@link createTerminal}. */
export interface TerminalOptions {
  readonly json: boolean;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number } | WriteStream;
  /** Seconds between plain progress lines, default 5. */
  readonly lineEverySeconds?: number;
}

/** Makes the terminal of one command. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { json, stdout, stderr, lineEverySeconds = 5 } = options;
  const live = stderr.isTTY === true;
  let drawn = false;
  let saidAt = 0;
  let said = '';
  const clear = () => {
    if (drawn) stderr.write('\r\x1b[2K');
    drawn = false;
  };
  let pending: Progress | undefined;
  const line = (progress: Progress) =>
    progress.total > 0
      ? `${percent(progress)} ${progress.done}/${progress.total} ${progress.text}`.trimEnd()
      : progress.text;
  const sayLine = (progress: Progress) => {
    pending = undefined;
    saidAt = Date.now();
    if (line(progress) !== said) stderr.write(`${line(progress)}\n`);
    said = line(progress);
  };
  return {
    print: (text) => {
      clear();
      if (!json) stdout.write(`${text}\n`);
    },
    say: (text) => {
      clear();
      stderr.write(`${text}\n`);
    },
    progress: (progress) => {
      if (live) {
        const columns = stderr.columns ?? 80;
        stderr.write(`\r\x1b[2K${draw(progress).slice(0, columns - 1)}`);
        drawn = true;
      } else if (Date.now() - saidAt >= lineEverySeconds * 1000) sayLine(progress);
      else pending = progress;
    },
    endProgress: () => {
      if (live) {
        if (drawn) stderr.write('\n');
        drawn = false;
      } else if (pending) sayLine(pending);
      saidAt = 0;
      said = '';
    },
    json: (value) => {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

function percent({ done, total }: Progress): string {
  return `${Math.floor((100 * done) / Math.max(total, 1))}%`.padStart(4);
}

function draw(progress: Progress): string {
  if (progress.total === 0) return progress.text;
  const width = 24;
  const filled = Math.round((width * Math.min(progress.done, progress.total)) / progress.total);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${line(progress)}`;

  function line(of: Progress): string {
    return `${percent(of)} ${of.text}`;
  }
}

/** Seconds as people say them: `45 s`, `2 min 05 s`, `1 h 12 min`. */
export function sayDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** Rows as a table of left-aligned columns; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const isNumber = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

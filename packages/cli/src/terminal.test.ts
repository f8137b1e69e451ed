import { describe, expect, test } from 'vitest';
import { createTerminal, sayDuration, table } from './terminal.js';

function open(json: boolean, isTTY: boolean, lineEverySeconds = 5) {
  const out = { stdout: '', stderr: '' };
  const terminal = createTerminal({
    json,
    stdout: { write: (text) => (out.stdout += text) },
    stderr: { write: (text: string) => (out.stderr += text), isTTY, columns: 40 },
    lineEverySeconds,
  });
  return { out, terminal };
}

describe('createTerminal', () => {
  test('results go to stdout, what is going on to stderr', () => {
    const { out, terminal } = open(false, false);
    terminal.say('reading');
    terminal.print('done');
    terminal.json({ a: 1 });
    expect(out).toEqual({ stdout: 'done\n', stderr: 'reading\n' });
  });

  test('with --json stdout is one object and nothing else', () => {
    const { out, terminal } = open(true, true);
    terminal.progress({ done: 1, total: 2, text: 'x' });
    terminal.print('done');
    terminal.json({ a: 1 });
    expect(out.stdout).toBe('{"a":1}\n');
  });

  test('in a log progress is a plain line now and then, the last one always', () => {
    const { out, terminal } = open(false, false, 1000);
    for (let done = 1; done <= 100; done++) terminal.progress({ done, total: 100, text: 'pictures' });
    terminal.endProgress();
    expect(out.stderr).toBe('  1% 1/100 pictures\n100% 100/100 pictures\n');
  });

  test('on a terminal progress is one line drawn again, cleared before anything else is said', () => {
    const { out, terminal } = open(false, true);
    terminal.progress({ done: 1, total: 4, text: 'a text that is longer than the terminal is wide' });
    terminal.progress({ done: 2, total: 4, text: 'b' });
    terminal.say('note');
    expect(out.stderr.split('\r\x1b[2K').map((part) => part.length <= 40)).not.toContain(false);
    expect(out.stderr).toContain('50% b');
    expect(out.stderr.endsWith('\r\x1b[2Knote\n')).toBe(true);
  });
});

test('durations as people say them', () => {
  expect([0, 59.4, 61, 3599, 4320].map(sayDuration)).toEqual([
    '0 s',
    '59 s',
    '1 min 01 s',
    '59 min 59 s',
    '1 h 12 min',
  ]);
});

test('tables align names to the left and numbers to the right', () => {
  expect(
    table(
      ['name', 'n'],
      [
        ['a', 5],
        ['bbbbb', 12],
      ],
    ),
  ).toBe('name    n\na       5\nbbbbb  12');
});

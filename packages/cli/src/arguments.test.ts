import { expect, it } from 'vitest';
import { bytes } from './arguments.js';

it.each([
  ['0', 0],
  ['1500', 1500],
  ['20GB', 20e9],
  ['1.5 gb', 1.5e9],
  ['500MB', 5e8],
  ['2TB', 2e12],
])('reads the size %s', (text, size) => {
  expect(bytes(text)).toBe(size);
});

it.each(['', 'GB', '-1GB', '20 GiB', '1e3', 'all', '9999999999999TB'])('refuses the size "%s"', (text) => {
  expect(() => bytes(text)).toThrow(/a size such as 20GB/);
});

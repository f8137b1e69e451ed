import { expect, test } from 'vitest';
import { classColor } from './class-color.js';

test('35 different colours, then they come round again', () => {
  const colors = Array.from({ length: 35 }, (_, index) => classColor(index));
  expect(new Set(colors).size).toBe(35);
  for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  expect(classColor(35)).toBe(classColor(0));
});

import { describe, expect, it } from 'vitest';
import {
  constantInit,
  heGroupedInit,
  heInit,
  normal,
  normalInit,
  seededRandom,
  truncatedNormalInit,
  uniformInit,
  xavierInit,
  zerosInit,
} from './initializers.js';

const many = 100_000;

/** Mean and standard deviation. */
function statistics(values: Float32Array | number[]): [number, number] {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return [mean, Math.sqrt(squares / values.length - mean * mean)];
}

describe('seededRandom', () => {
  it('draws equal numbers from equal seeds, others from others', () => {
    const draw = (seed: number) => Array.from({ length: 20 }, seededRandom(seed));
    expect(draw(7)).toEqual(draw(7));
    const streams = new Set([0, 1, 2, -1, 2 ** 31, 12345].map((seed) => String(draw(seed))));
    expect(streams.size).toBe(6);
  });

  it('is spread evenly over [0, 1)', () => {
    const random = seededRandom(1);
    const values = Array.from({ length: many }, random);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const bins = new Array<number>(20).fill(0);
    for (const value of values) bins[Math.floor(value * 20)]!++;
    // Chi squared over 19 degrees of freedom: above 43.8 in one of a thousand seeds.
    const expected = many / 20;
    expect(bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)).toBeLessThan(43.8);
    const [mean, deviation] = statistics(values);
    expect(mean).toBeCloseTo(0.5, 2);
    expect(deviation).toBeCloseTo(Math.sqrt(1 / 12), 2);
    // Neighbours do not go together.
    const product = values.slice(1).reduce((sum, value, i) => sum + (value - 0.5) * (values[i]! - 0.5), 0);
    expect(Math.abs(product / many / (1 / 12))).toBeLessThan(0.015);
  });
});

describe('initializers', () => {
  it('draw normal numbers', () => {
    const random = seededRandom(2);
    const values = Array.from({ length: many }, () => normal(random));
    const [mean, deviation] = statistics(values);
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(deviation).toBeCloseTo(1, 1);
    const within = (limit: number) => values.filter((value) => Math.abs(value) < limit).length / many;
    expect(within(1)).toBeCloseTo(0.6827, 2);
    expect(within(2)).toBeCloseTo(0.9545, 2);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it('stay finite where the generator gives its ends', () => {
    expect(normal(() => 0)).toBeCloseTo(0, 12);
    expect(Number.isFinite(normal(() => 1 - 2 ** -32))).toBe(true);
  });

  it('have the deviation they say', () => {
    const fill = (init: typeof heInit, shape: number[]) => {
      const out = new Float32Array(shape.reduce((a, b) => a * b));
      init(out, shape, seededRandom(3));
      return statistics(out);
    };
    const [mean, deviation] = fill(normalInit(0.01), [many]);
    expect(Math.abs(mean)).toBeLessThan(2e-4);
    expect(deviation / 0.01).toBeCloseTo(1, 1);
    // Fan-out: 64 channels out of 3x3 windows, whatever comes in.
    expect(fill(heInit, [64, 128, 3, 3])[1] / Math.sqrt(2 / (64 * 9))).toBeCloseTo(1, 1);
    expect(fill(heInit, [256, 400, 1, 1])[1] / Math.sqrt(2 / 256)).toBeCloseTo(1, 1);
    expect(fill(heInit, [100, 900])[1] / Math.sqrt(2 / 100)).toBeCloseTo(1, 1);
    expect(fill(constantInit(0.5), [10])).toEqual([0.5, 0]);
    expect(fill(zerosInit, [10])).toEqual([0, 0]);
    expect(fill(uniformInit(2), [many])[1] / Math.sqrt(4 / 3)).toBeCloseTo(1, 1);
    // Depthwise: one channel out of each group, 3x3 windows.
    expect(fill(heGroupedInit(512), [512, 1, 3, 3])[1] / Math.sqrt(2 / 9)).toBeCloseTo(1, 1);
    expect(fill(heGroupedInit(4), [64, 32, 3, 3])[1] / Math.sqrt(2 / (16 * 9))).toBeCloseTo(1, 1);
    // Both fans: [K, C] of a linear layer, [K, C, h, w] of a convolution.
    expect(fill(xavierInit, [300, 200])[1] / Math.sqrt(2 / 500)).toBeCloseTo(1, 1);
    expect(fill(xavierInit, [64, 32, 3, 5])[1] / Math.sqrt(2 / (96 * 15))).toBeCloseTo(1, 1);
  });

  it('stay within their bounds', () => {
    const fill = (init: typeof heInit) => {
      const out = new Float32Array(many);
      init(out, [many], seededRandom(4));
      return out;
    };
    const cut = fill(truncatedNormalInit(0.02));
    expect(cut.every((value) => Math.abs(value) <= 0.04 + 1e-8)).toBe(true);
    // The variance of a normal deviate cut at two deviations: 1 - 4 phi(2) / (2 Phi(2) - 1).
    expect(statistics(cut)[1] / 0.02 / Math.sqrt(0.774)).toBeCloseTo(1, 2);
    expect(fill(uniformInit(0.5)).every((value) => value >= -0.5 && value < 0.5)).toBe(true);
  });
});

import { type Code, compile, defineFunction, i32, loop, v128 } from './wasm.js';

/** Cells a side of the coarse picture that a perceptual hash is taken from. */
export const CELLS = 32;

/** Pixels are joined in squares of at most this side. */
export const MAX_STEP = 4;

/** What one pass over a picture's pixels gives. */
export interface PixelSums {
  /** Size after every `step` x `step` pixels became one; what fills no such square at the right and below is left out. */
  readonly width: number;
  readonly height: number;
  /** [height, width, 3], a copy: the means of those squares, rounded. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Pixels of each value, 256 each: red, green, blue, luma. */
  readonly histograms: readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  /** Sum and sum of squares of the Laplacian of luma over all pixels that have four neighbours. */
  readonly laplacianSum: number;
  readonly laplacianSquares: number;
  /** [CELLS, CELLS] means of luma over equal cells; of a picture with fewer pixels a side, the nearest. */
  readonly cells: Float64Array;
}

/**
 * Joins pixels: of every `step` x `step` square the mean, with the histograms of what comes out and its luma (ITU-R
 * BT.601 in 16 bits of fraction). One function for each step, its loads written out.
 */
const join = (step: number) =>
  defineFunction({
    name: `join${step}`,
    // Addresses, pixels (of what comes out), bytes of a row (of what goes in).
    parameters: ['source', 'rowBytes', 'width', 'height', 'target', 'luma', 'histograms'],
    locals: { x: 'i32', y: 'i32', at: 'i32', mean: 'v128', red: 'i32', green: 'i32', blue: 'i32', grey: 'i32' },
    body: ({ source, rowBytes, width, height, target, luma, histograms, x, y, at, mean, red, green, blue, grey }) => {
      // 8 bytes from a pixel on: its three values, and five that are of no use.
      const square = Array.from({ length: step * step }, (_, i) =>
        v128.loadBytes(i32.add(at.get, i32.mul(rowBytes.get, i32.of(Math.floor(i / step)))), (i % step) * 3),
      );
      const sum = square.reduce((left, right) => v128.add16(left, right));
      const half = v128.splat32(i32.of((step * step) >> 1));
      const reciprocal = v128.splat32(i32.of(Math.ceil(65_536 / step ** 2)));
      const rounded = v128.shiftRight32(v128.mul32(v128.add32(v128.widen(sum), half), reciprocal), i32.of(16));
      const count = (value: Code, channel: number): Code => {
        const address = i32.add(histograms.get, i32.shiftLeft(value, i32.of(2)));
        return i32.store(address, i32.add(i32.load(address, channel * 1024), i32.of(1)), channel * 1024);
      };
      const weighted = [
        i32.mul(red.get, i32.of(19_595)),
        i32.mul(green.get, i32.of(38_470)),
        i32.mul(blue.get, i32.of(7_471)),
        i32.of(32_768),
      ].reduce((left, right) => i32.add(left, right));
      return [
        loop(y, i32.of(0), height.get, 1, [
          at.set(i32.add(source.get, i32.mul(y.get, i32.mul(rowBytes.get, i32.of(step))))),
          loop(x, i32.of(0), width.get, 1, [
            mean.set(step === 1 ? v128.widen(sum) : rounded),
            red.set(v128.lane32(mean.get, 0)),
            green.set(v128.lane32(mean.get, 1)),
            blue.set(v128.lane32(mean.get, 2)),
            grey.set(i32.shiftRight(weighted, i32.of(16))),
            i32.storeByte(target.get, red.get),
            i32.storeByte(target.get, green.get, 1),
            i32.storeByte(target.get, blue.get, 2),
            i32.storeByte(luma.get, grey.get),
            ...[red, green, blue, grey].map((value, channel) => count(value.get, channel)),
            at.set(i32.add(at.get, i32.of(step * 3))),
            target.set(i32.add(target.get, i32.of(3))),
            luma.set(i32.add(luma.get, i32.of(1))),
          ]),
        ]),
      ];
    },
  });

/**
 * Sums of the Laplacian (up + down + left + right - 4 x middle) and of its square, eight pixels at once: `result` gets
 * the squares as two 64-bit numbers, then the values as four 32-bit ones. `masks` holds eight 16-bit numbers of all ones,
 * then eight zeros.
 */
const laplacian = defineFunction({
  name: 'laplacian',
  parameters: ['luma', 'width', 'height', 'masks', 'result'],
  locals: { x: 'i32', y: 'i32', at: 'i32', left: 'i32', value: 'v128', row: 'v128', sum: 'v128', squares: 'v128' },
  body: ({ luma, width, height, masks, result, x, y, at, left, value, row, sum, squares }) => {
    // `at` is the pixel above and to the left of the middle one.
    const below = i32.add(at.get, width.get);
    const bottom = i32.add(below, width.get);
    const around = [
      v128.loadBytes(at.get, 1),
      v128.loadBytes(below),
      v128.loadBytes(below, 2),
      v128.loadBytes(bottom, 1),
    ];
    const middle = v128.shiftLeft16(v128.loadBytes(below, 1), i32.of(2));
    const all = v128.sub16(
      around.reduce((a, b) => v128.add16(a, b)),
      middle,
    );
    // Of the last eight those beyond the row count nothing.
    const beyond = i32.sub(i32.of(8), i32.select(i32.isLess(left.get, i32.of(8)), left.get, i32.of(8)));
    const inside = v128.load(i32.add(masks.get, i32.shiftLeft(beyond, i32.of(1))));
    const inner = i32.sub(width.get, i32.of(2));
    return [
      loop(y, i32.of(2), height.get, 1, [
        row.set(v128.zero),
        loop(x, i32.of(0), inner, 8, [
          left.set(i32.sub(inner, x.get)),
          at.set(i32.add(i32.add(luma.get, x.get), i32.mul(i32.sub(y.get, i32.of(2)), width.get))),
          value.set(v128.and(all, inside)),
          sum.set(v128.add32(sum.get, v128.dot(value.get, v128.splat16(i32.of(1))))),
          row.set(v128.add32(row.get, v128.dot(value.get, value.get))),
        ]),
        // Row by row into 64 bits, since 32 do not hold the squares of a picture.
        squares.set(v128.add64(squares.get, v128.add64(v128.widen32(row.get), v128.widenHigh32(row.get)))),
      ]),
      v128.store(result.get, squares.get),
      v128.store(result.get, sum.get, 16),
    ];
  },
});

/**
 * Sums of luma over cells. `edges` holds first column and column after the last of each of the CELLS columns of cells,
 * then rows in the same way; `result` gets CELLS x CELLS 32-bit sums.
 */
const cellSums = defineFunction({
  name: 'cellSums',
  parameters: ['luma', 'width', 'edges', 'result'],
  locals: { i: 'i32', j: 'i32', y: 'i32', at: 'i32', from: 'i32', to: 'i32', sum: 'i32' },
  body: ({ luma, width, edges, result, i, j, y, at, from, to, sum }) => {
    const column = i32.add(edges.get, i32.shiftLeft(i.get, i32.of(3)));
    const row = i32.add(edges.get, i32.shiftLeft(j.get, i32.of(3)));
    return [
      loop(j, i32.of(0), i32.of(CELLS), 1, [
        loop(i, i32.of(0), i32.of(CELLS), 1, [
          sum.set(i32.of(0)),
          loop(y, i32.load(row, CELLS * 8), i32.load(row, CELLS * 8 + 4), 1, [
            from.set(i32.add(luma.get, i32.mul(y.get, width.get))),
            to.set(i32.add(from.get, i32.load(column, 4))),
            loop(at, i32.add(from.get, i32.load(column)), to.get, 1, [sum.set(i32.add(sum.get, i32.loadByte(at.get)))]),
          ]),
          i32.store(result.get, sum.get),
          result.set(i32.add(result.get, i32.of(4))),
        ]),
      ]),
    ];
  },
});

// What lies at fixed addresses: histograms, masks, edges, sums; then source, target and luma, one after the other.
const [histogramsAt, masksAt, edgesAt, resultAt, cellsAt, sourceAt] = [0, 4096, 4160, 4672, 4736, 8832];
const steps = Array.from({ length: MAX_STEP }, (_, i) => join(i + 1));
const { functions: kernel, memory, reserve } = compile([...steps, laplacian, cellSums]);
new Uint8Array(memory.buffer, masksAt, 16).fill(0xff);

/**
 * Goes over the pixels of an 8-bit RGB picture, joining every `step` x `step` of them before all else. In WebAssembly,
 * which takes a quarter of what the same loops take in JavaScript.
 *
 * @param data [height, width, 3], row by row
 * @param step 1 to {@link MAX_STEP}, not more than either side
 */
export function sumPixels(data: Uint8Array, width: number, height: number, step: number): PixelSums {
  const [w, h] = [Math.floor(width / step), Math.floor(height / step)];
  const targetAt = sourceAt + Math.ceil(data.length / 16 + 1) * 16;
  const lumaAt = targetAt + Math.ceil((w * h * 3) / 16) * 16;
  // Eight bytes are read at once, also the last.
  reserve(lumaAt + w * h + 16);

  new Uint8Array(memory.buffer).set(data, sourceAt);
  new Uint32Array(memory.buffer, histogramsAt, 1024).fill(0);
  kernel[`join${step}`]!(sourceAt, width * 3, w, h, targetAt, lumaAt, histogramsAt);

  const hasInner = w > 2 && h > 2;
  if (hasInner) kernel.laplacian!(lumaAt, w, h, masksAt, resultAt);
  const squares = new BigInt64Array(memory.buffer, resultAt, 2);
  const sums = new Int32Array(memory.buffer, resultAt + 16, 4);

  const [columns, rows] = [edgesOf(w), edgesOf(h)];
  const edges = new Uint32Array(memory.buffer, edgesAt, CELLS * 4);
  edges.set(columns);
  edges.set(rows, CELLS * 2);
  kernel.cellSums!(lumaAt, w, edgesAt, cellsAt);
  const cells = Float64Array.from(new Uint32Array(memory.buffer, cellsAt, CELLS ** 2));
  for (let j = 0, at = 0; j < CELLS; j++) {
    const rowsOfCell = rows[j * 2 + 1]! - rows[j * 2]!;
    for (let i = 0; i < CELLS; i++, at++) cells[at]! /= rowsOfCell * (columns[i * 2 + 1]! - columns[i * 2]!);
  }

  const histogram = (channel: number) => new Uint32Array(memory.buffer, histogramsAt + channel * 1024, 256).slice();
  return {
    width: w,
    height: h,
    pixels: new Uint8Array(memory.buffer.slice(targetAt, targetAt + w * h * 3)),
    histograms: [histogram(0), histogram(1), histogram(2), histogram(3)],
    laplacianSum: hasInner ? sums.reduce((left, right) => left + right) : 0,
    laplacianSquares: hasInner ? Number(squares[0]! + squares[1]!) : 0,
    cells,
  };
}

/** First pixel of each of CELLS equal parts of a side, and the one after its last, in turns. */
function edgesOf(length: number): Uint32Array {
  const edges = new Uint32Array(CELLS * 2);
  for (let i = 0; i < CELLS; i++) {
    const from = Math.floor((i * length) / CELLS);
    edges[i * 2] = from;
    edges[i * 2 + 1] = Math.max(from + 1, Math.floor(((i + 1) * length) / CELLS));
  }
  return edges;
}

/**
 * A small single-line typeface of Fovea's own, so that labels look the same on every machine, also on one without any
 * font, as a bare container is. Printable ASCII; other characters are for the system's fonts.
 *
 * Units: capitals stand from y = 0 down to the baseline at y = 8, small letters from 3, descenders to 10.4.
 */
const BOWL = 'M0 5.5a2 2.5 0 1 0 4 0a2 2.5 0 1 0-4 0';
const ROUND = 'M0 4a2.9 4 0 1 0 5.8 0a2.9 4 0 1 0-5.8 0';

/** Width of the ink, and the strokes as an SVG path. */
const GLYPHS: Record<string, readonly [width: number, path: string]> = {
  ' ': [1.4, ''],
  '!': [0.4, 'M.2 0v5.4M.2 7.8v.2'],
  '"': [1.8, 'M.2 0v2.2M1.6 0v2.2'],
  '#': [5, 'M1.6 0l-.9 8M4.3 0l-.9 8M0 2.6h5M-.2 5.4h5'],
  $: [4.4, 'M4.3 2c-1.4-1.8-4.1-1.2-4.1.4c0 2.3 4.2 1.2 4.2 3.5c0 2-3.2 2-4.4.1M2.2-.6v9.2'],
  '%': [
    6.2,
    'M0 1.9a1.4 1.7 0 1 0 2.8 0a1.4 1.7 0 1 0-2.8 0M3.4 6.1a1.4 1.7 0 1 0 2.8 0a1.4 1.7 0 1 0-2.8 0M5 .2l-3.8 7.6',
  ],
  '&': [5.2, 'M5.2 8l-4-4.9c-1.2-1.6-.2-3.1 1.1-3.1c1.7 0 2.2 2 .6 3.1c-4.4 2.6-2.4 4.9-.6 4.9c1.4 0 2.5-1.2 2.7-3.2'],
  "'": [0.4, 'M.2 0v2.2'],
  '(': [1.6, 'M1.6-.5c-2.1 2.6-2.1 7 0 9.6'],
  ')': [1.6, 'M0-.5c2.1 2.6 2.1 7 0 9.6'],
  '*': [3.2, 'M1.6.4v3.6M0 1.3l3.2 1.8M3.2 1.3l-3.2 1.8'],
  '+': [4, 'M2 2.4v4.6M-.2 4.7h4.4'],
  ',': [0.6, 'M.5 7.7l-.5 1.7'],
  '-': [2.4, 'M0 5h2.4'],
  '.': [0.4, 'M.2 7.8v.2'],
  '/': [2.8, 'M2.8-.3l-2.8 9'],
  '0': [4.2, 'M0 4a2.1 4 0 1 0 4.2 0a2.1 4 0 1 0-4.2 0'],
  '1': [4.2, 'M.8 1.5l1.8-1.5v8'],
  '2': [4.2, 'M.2 2a2 2 0 0 1 3.9.3c0 1.5-1.2 2.6-4 5.7h4.2'],
  '3': [4.2, 'M.3 1.3a1.9 1.9 0 1 1 1.5 2.5h-.3M1.8 3.8a2.1 2.1 0 1 1-1.8 2.7'],
  '4': [4.2, 'M3.2 8v-8l-3.2 5.7h4.3'],
  '5': [4.2, 'M3.9 0h-3.2l-.4 3.6a2.2 2.35 0 1 1-.2 3.2'],
  '6': [4.2, 'M3.7.6c-2.2-1.5-3.7 1.3-3.7 4.9a2.1 2.5 0 1 0 4.2 0a2.1 2.5 0 1 0-4.2 0'],
  '7': [4.2, 'M0 0h4.2l-2.7 8'],
  '8': [4.2, 'M.3 1.95a1.8 1.9 0 1 0 3.6 0a1.8 1.9 0 1 0-3.6 0M0 5.9a2.1 2.1 0 1 0 4.2 0a2.1 2.1 0 1 0-4.2 0'],
  '9': [4.2, 'M.5 7.4c2.2 1.5 3.7-1.3 3.7-4.9a2.1 2.5 0 1 0-4.2 0a2.1 2.5 0 1 0 4.2 0'],
  ':': [0.4, 'M.2 3.7v.2M.2 7.7v.2'],
  ';': [0.6, 'M.4 3.7v.2M.5 7.6l-.5 1.7'],
  '<': [3.4, 'M3.4 2.4l-3.4 2.3l3.4 2.3'],
  '=': [4, 'M0 3.7h4M0 5.9h4'],
  '>': [3.4, 'M0 2.4l3.4 2.3l-3.4 2.3'],
  '?': [3.6, 'M0 1.8a1.85 1.85 0 1 1 2.9 1.6c-.8.6-1.1 1-1.1 2M1.8 7.8v.2'],
  '@': [
    7,
    'M5 3v2.8c0 1.6 2 1.2 2-1.4c0-5.4-7-5.4-7 0c0 4.5 3.6 4.9 5.6 3.8M5 4.6a1.5 1.7 0 1 0-3 0a1.5 1.7 0 1 0 3 0',
  ],
  A: [5.4, 'M0 8l2.7-8l2.7 8M.9 5.4h3.6'],
  B: [4.7, 'M0 0v8h2.6a2.15 2.15 0 0 0 0-4.3h-2.6M0 0h2.3a1.85 1.85 0 0 1 0 3.7'],
  C: [5.2, 'M5.2 1.6a3 4 0 1 0 0 4.8'],
  D: [5.2, 'M0 0v8h1.8a3.4 4 0 0 0 0-8z'],
  E: [4.2, 'M4.2 0h-4.2v8h4.2M0 3.9h3.7'],
  F: [4, 'M4.2 0h-4.2v8M0 4h3.6'],
  G: [5.5, 'M5.2 1.6a3 4 0 1 0 .3 2.6h-2.2'],
  H: [5, 'M0 0v8M5 0v8M0 3.9h5'],
  I: [0.4, 'M.2 0v8'],
  J: [3, 'M3 0v5.8a1.6 2.2 0 0 1-3.1.3'],
  K: [4.9, 'M0 0v8M4.8 0l-4.8 5M1.7 3.3l3.3 4.7'],
  L: [3.9, 'M0 0v8h4'],
  M: [6.2, 'M0 8v-8l3.1 5l3.1-5v8'],
  N: [5, 'M0 8v-8l5 8v-8'],
  O: [5.8, ROUND],
  P: [4.7, 'M0 8v-8h2.5a2.25 2.25 0 0 1 0 4.5h-2.5'],
  Q: [5.8, `${ROUND}M3.6 5.8l2 2.6`],
  R: [4.8, 'M0 8v-8h2.5a2.25 2.25 0 0 1 0 4.5h-2.5M2.5 4.5l2.4 3.5'],
  S: [4.5, 'M4.3 1.3c-.6-.9-1.3-1.3-2.2-1.3c-2.7 0-2.7 3.4 0 3.9c3.2.6 3 4.1 0 4.1c-1 0-1.8-.4-2.4-1.4'],
  T: [5.2, 'M0 0h5.2M2.6 0v8'],
  U: [5, 'M0 0v5.2a2.5 2.8 0 0 0 5 0v-5.2'],
  V: [5.4, 'M0 0l2.7 8l2.7-8'],
  W: [8, 'M0 0l2 8l2-7.6l2 7.6l2-8'],
  X: [5, 'M0 0l5 8M5 0l-5 8'],
  Y: [5.2, 'M0 0l2.6 4.2v3.8M5.2 0l-2.6 4.2'],
  Z: [4.8, 'M0 0h4.7l-4.7 8h4.8'],
  '[': [1.6, 'M1.7-.4h-1.5v9.4h1.5'],
  '\\': [2.8, 'M0-.3l2.8 9'],
  ']': [1.6, 'M0-.4h1.5v9.4h-1.5'],
  '^': [3.2, 'M0 2.4l1.6-2.4l1.6 2.4'],
  _: [4.4, 'M0 9.2h4.4'],
  '`': [1, 'M0 0l1 1.4'],
  a: [4, `${BOWL}M4 3v5`],
  b: [4, `${BOWL}M0 0v8`],
  c: [3.8, 'M3.8 4a2.1 2.5 0 1 0 0 3'],
  d: [4, `${BOWL}M4 0v8`],
  e: [4, 'M.1 5.4h3.9a2 2.4 0 1 0-.5 1.8'],
  f: [2.8, 'M2.9.2a1.6 1.6 0 0 0-2 1.7v6.1M-.2 3h2.8'],
  g: [4, `${BOWL}M4 3v5.2a2 2.1 0 0 1-3.7 1.1`],
  h: [4, 'M0 0v8M0 5.2a2 2.2 0 0 1 4 0v2.8'],
  i: [0.4, 'M.2 3v5M.2.6v.2'],
  j: [1.4, 'M1.3 3v6a1.3 1.3 0 0 1-1.4 1.3M1.3.6v.2'],
  k: [3.8, 'M0 0v8M3.6 3l-3.6 3.2M1.4 5l2.4 3'],
  l: [0.4, 'M.2 0v8'],
  m: [6.4, 'M0 3v5M0 5a1.6 2 0 0 1 3.2 0v3M3.2 5a1.6 2 0 0 1 3.2 0v3'],
  n: [4, 'M0 3v5M0 5.2a2 2.2 0 0 1 4 0v2.8'],
  o: [4, BOWL],
  p: [4, `${BOWL}M0 3v7.4`],
  q: [4, `${BOWL}M4 3v7.4`],
  r: [2.6, 'M0 3v5M0 5.1a2.2 2 0 0 1 2.6-2'],
  s: [3.5, 'M3.3 3.8c-.5-.6-.9-.8-1.6-.8c-2 0-2 2.2 0 2.45c2.4.3 2.3 2.55 0 2.55c-.8 0-1.3-.2-1.8-.9'],
  t: [2.8, 'M.9 1.2v5.3a1.4 1.4 0 0 0 2 1.4M-.2 3h2.9'],
  u: [4, 'M0 3v2.8a2 2.2 0 0 0 4 0M4 3v5'],
  v: [4, 'M0 3l2 5l2-5'],
  w: [6.4, 'M0 3l1.6 5l1.6-4.8l1.6 4.8l1.6-5'],
  x: [3.6, 'M0 3l3.6 5M3.6 3l-3.6 5'],
  y: [4, 'M0 3l2 5M4 3l-2.3 5.8a1.5 1.5 0 0 1-1.7 1.4'],
  z: [3.6, 'M0 3h3.5l-3.5 5h3.6'],
  '{': [2, 'M2-.4c-1.6 0-.9 1.9-.9 3c0 1-.4 1.7-1.1 1.7c.7 0 1.1.7 1.1 1.7c0 1.1-.7 3 .9 3'],
  '|': [0.4, 'M.2-.4v9.4'],
  '}': [2, 'M0-.4c1.6 0 .9 1.9.9 3c0 1 .4 1.7 1.1 1.7c-.7 0-1.1.7-1.1 1.7c0 1.1.7 3-.9 3'],
  '~': [4, 'M0 5.3c.7-1.3 1.5-1.2 2-.6c.6.6 1.3.6 2-.6'],
};

const GAP = 1.9;
export const CAPITAL_HEIGHT = 8;

/** Whether every character has a stroke glyph. */
export function hasGlyphs(text: string): boolean {
  return [...text].every((character) => character in GLYPHS);
}

/** Width in the units above; characters without glyph count as wide ones. */
export function measureText(text: string): number {
  const widths = [...text].map((character) => GLYPHS[character]?.[0] ?? 8.5);
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

/**
 * SVG for a line of text as strokes, top of the capitals at (x, y); empty for empty text.
 *
 * @param scale pixels a unit
 */
export function strokeText(text: string, x: number, y: number, scale: number, color: string): string {
  let at = 0;
  const paths: string[] = [];
  for (const character of text) {
    const [width, path] = GLYPHS[character]!;
    if (path) paths.push(`<path transform="translate(${round(at)} 0)" d="${path}"/>`);
    at += width + GAP;
  }
  return (
    `<g transform="translate(${round(x)} ${round(y)}) scale(${round(scale)})" fill="none" stroke="${color}" ` +
    `stroke-width="1.1" stroke-linecap="round" stroke-linejoin="round">${paths.join('')}</g>`
  );
}

function round(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

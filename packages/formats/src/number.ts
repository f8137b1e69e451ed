/** A decimal number as label files write it, or NaN: no other base, no blanks inside, no words, nothing empty. */
export function parseNumber(text: string | undefined): number {
  if (text === undefined || !/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(text)) return Number.NaN;
  return Number(text);
}

/** A number with at most so many decimals, in digits, without zeros at the end; deterministic. */
export function formatNumber(value: number, decimals = 6): string {
  const text = Number(value.toFixed(decimals));
  const plain = String(Object.is(text, -0) ? 0 : text);
  return plain.includes('e') ? text.toFixed(Math.abs(text) < 1 ? decimals : 0) : plain;
}

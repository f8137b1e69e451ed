import assert from 'node:assert';

// The first byte says which of the two follows.
const [plain, runs] = [0, 1];

/**
 * A label map in fewer bytes: runs of equal classes, each a class and a length of 7 bits a byte, lowest first, the
 * highest bit set where more follow; or the map itself where that is shorter.
 *
 * @returns at most `labels.length + 1` bytes
 */
export function encodeLabelRuns(labels: Uint8Array): Uint8Array {
  const out = new Uint8Array(labels.length + 1);
  out[0] = runs;
  let at = 1;
  for (let start = 0; start < labels.length; ) {
    const label = labels[start]!;
    let end = start + 1;
    while (end < labels.length && labels[end] === label) end++;
    // A run takes six bytes at the most.
    if (at + 6 > out.length) {
      out[0] = plain;
      out.set(labels, 1);
      return out;
    }
    out[at++] = label;
    let length = end - start;
    for (; length >= 128; length = Math.floor(length / 128)) out[at++] = (length % 128) | 128;
    out[at++] = length;
    start = end;
  }
  return out.subarray(0, at);
}

/** The label map that {@link encodeLabelRuns} made `bytes` of. @param pixels how many it has */
export function decodeLabelRuns(bytes: Uint8Array, pixels: number): Uint8Array {
  if (bytes[0] === plain) return bytes.slice(1);
  const labels = new Uint8Array(pixels);
  let filled = 0;
  for (let at = 1; at < bytes.length; ) {
    const label = bytes[at++]!;
    let [length, scale] = [0, 1];
    for (; bytes[at]! >= 128; scale *= 128) length += (bytes[at++]! & 127) * scale;
    length += bytes[at++]! * scale;
    labels.fill(label, filled, filled + length);
    filled += length;
  }
  assert(filled === pixels, 'internal: the runs of a label map do not make its pixels');
  return labels;
}

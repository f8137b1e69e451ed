/** What a class looks like: `#rrggbb`, and how opaque, 0 to 1 (1 where it is left out). */
export interface ClassColour {
  readonly color: string;
  readonly opacity?: number;
}

/**
 * A label map's PNG in colours: the same file as a palette picture, whose stored values are still the class indices.
 * Value 255, unlabelled, is transparent. Pixels are not compressed again, so it costs next to nothing, in a browser too.
 *
 * @param png one channel of 8 bits that begins with its header and has no palette, as lake's `encodeLabelMap` writes it
 * @param colour of a class index, 0 to 254
 */
export function colourLabelMap(
  png: Uint8Array,
  colour: (classIndex: number) => string | ClassColour,
): Uint8Array<ArrayBuffer> {
  const palette = new Uint8Array(256 * 3);
  const opacities = new Uint8Array(256);
  for (let index = 0; index < 255; index++) {
    const said = colour(index);
    const { color, opacity = 1 } = typeof said === 'string' ? { color: said } : said;
    for (let channel = 0; channel < 3; channel++)
      palette[index * 3 + channel] = Number.parseInt(color.slice(1 + channel * 2, 3 + channel * 2), 16);
    opacities[index] = Math.round(opacity * 255);
  }
  // The signature takes 8 bytes, the header 25: length, type, 13 bytes, checksum. Its tenth byte is the kind of colour.
  const header = png.slice(16, 29);
  header[9] = 3;
  const parts = [
    png.subarray(0, 8),
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('tRNS', opacities),
    png.subarray(33),
  ];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A chunk of a PNG: length, type, data, checksum of the latter two. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let index = 0; index < 4; index++) out[4 + index] = type.charCodeAt(index);
  out.set(data, 8);
  view.setUint32(data.length + 8, crc32(out.subarray(4, data.length + 8)));
  return out;
}

/** The checksum of PNG's chunks (ISO 3309: polynomial 0xedb88320, reflected); a browser has none of its own. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

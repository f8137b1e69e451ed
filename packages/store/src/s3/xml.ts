const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * What stands between each `<name>` and the next `</name>`, in order, as it is written. Enough for the answers of S3,
 * whose elements have no attributes and do not hold others of the same name.
 */
export function elementsOf(xml: string, name: string): string[] {
  const found: string[] = [];
  const [begin, end] = [`<${name}>`, `</${name}>`];
  for (let at = xml.indexOf(begin); at !== -1; at = xml.indexOf(begin, at)) {
    const from = at + begin.length;
    const to = xml.indexOf(end, from);
    if (to === -1) break;
    found.push(xml.slice(from, to));
    at = to + end.length;
  }
  return found;
}

/** The text of the first `<name>`, entities resolved; undefined where there is none. */
export function textOf(xml: string, name: string): string | undefined {
  return elementsOf(xml, name)[0]?.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(\w+));/gi, (whole, hex, dec, word) => {
    if (word !== undefined) return ENTITIES[word] ?? whole;
    const point = Number.parseInt(hex ?? dec, hex === undefined ? 10 : 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

/** `text` as it may stand inside an element. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' }[c]};`);
}

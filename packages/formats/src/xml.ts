/** An element of an XML file. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  /** The text directly in it, trimmed. */
  text: string;
  /** Where it begins, from 1. */
  readonly line: number;
}

/** Why a text is no XML, and where. */
export interface XmlFault {
  readonly reason: string;
  readonly line: number;
}

const MAX_DEPTH = 100;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const NAME = /[^\s/>=<"'&]+/y;
const ATTRIBUTE = /\s+([^\s/>=<"'&]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;

/**
 * Reads the part of XML that label files are written in: elements, attributes, text, CDATA, the five named entities and
 * numbered ones; comments and processing instructions are passed over. Document types are refused, and with them
 * entities of a file's own. Elements remember their line, which is why this is not left to a library.
 *
 * @param take called for each element as it ends, with the names of those around it; where it answers true, the element
 *   is not kept in the tree, so that a file of any length is read in little memory
 * @returns the root, or what is wrong
 */
export function parseXml(
  text: string,
  take: (element: XmlElement, parents: readonly string[]) => boolean = () => false,
): XmlElement | XmlFault {
  const open: XmlElement[] = [];
  const names: string[] = [];
  let root: XmlElement | undefined;
  let line = 1;
  let counted = 0;
  const lineAt = (at: number) => {
    for (let next = text.indexOf('\n', counted); next >= 0 && next < at; next = text.indexOf('\n', counted)) {
      line++;
      counted = next + 1;
    }
    return line;
  };
  const fault = (reason: string, at: number): XmlFault => ({ reason, line: lineAt(at) });
  const close = (element: XmlElement) => {
    element.text = element.text.trim();
    const parent = open.at(-1);
    const isTaken = take(element, names);
    if (parent && !isTaken) parent.children.push(element);
  };

  for (let at = 0; at < text.length; ) {
    const tag = text.indexOf('<', at);
    const between = text.slice(at, tag < 0 ? text.length : tag);
    if (open.length > 0) open.at(-1)!.text += decode(between);
    else if (between.trim() !== '') return fault('there is text outside the elements', at);
    if (tag < 0) break;

    if (text.startsWith('<!--', tag) || text.startsWith('<?', tag) || text.startsWith('<![CDATA[', tag)) {
      const end = text[tag + 1] === '?' ? '?>' : text[tag + 2] === '[' ? ']]>' : '-->';
      const found = text.indexOf(end, tag + 4);
      if (found < 0) return fault(`"${text.slice(tag, tag + 4)}" does not end`, tag);
      if (end === ']]>' && open.length > 0) open.at(-1)!.text += text.slice(tag + 9, found);
      at = found + end.length;
      continue;
    }
    if (text[tag + 1] === '!') return fault('it declares a document type or entities', tag);
    if (text[tag + 1] === '/') {
      const end = text.indexOf('>', tag);
      const name = end < 0 ? '' : text.slice(tag + 2, end).trim();
      const element = open.pop();
      names.pop();
      if (element === undefined || element.name !== name) {
        const expected = element ? `</${element.name}>` : 'nothing to be';
        return fault(`${expected} closed, found </${name.slice(0, 40)}>`, tag);
      }
      close(element);
      if (open.length === 0) root = element;
      at = end + 1;
      continue;
    }

    NAME.lastIndex = tag + 1;
    const name = NAME.exec(text)?.[0];
    if (name === undefined) return fault('a "<" begins no element', tag);
    if (root !== undefined) return fault(`<${name.slice(0, 40)}> comes after the end`, tag);
    const attributes = new Map<string, string>();
    let next = tag + 1 + name.length;
    for (;;) {
      ATTRIBUTE.lastIndex = next;
      const match = ATTRIBUTE.exec(text);
      if (!match) break;
      attributes.set(match[1]!, decode(match[2] ?? match[3]!));
      next = ATTRIBUTE.lastIndex;
    }
    TAG_END.lastIndex = next;
    const end = TAG_END.exec(text);
    if (!end) return fault(`<${name.slice(0, 40)}> does not end or has attributes that cannot be read`, tag);
    at = TAG_END.lastIndex;
    const element: XmlElement = { name, attributes, children: [], text: '', line: lineAt(tag) };
    if (end[1] === '/') {
      close(element);
      if (open.length === 0) root = element;
    } else {
      open.push(element);
      names.push(name);
      if (open.length > MAX_DEPTH) return fault(`elements lie more than ${MAX_DEPTH} deep`, tag);
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) return fault(`<${unclosed.name}> is not closed`, text.length);
  return root ?? { reason: 'it has no element', line: 1 };
}

/** Whether {@link parseXml} found a fault. */
export function isFault(result: XmlElement | XmlFault): result is XmlFault {
  return 'reason' in result;
}

/** The first child of a name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** Text of the first child of a name; undefined where there is none, or it is empty. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.text || undefined;
}

function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name]! : whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : whole;
  });
}

/** Text as it stands in an element or, in double quotes, in an attribute; characters XML cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"\n\r\t]/g, (character) => {
      if (character === '&') return '&amp;';
      if (character === '<') return '&lt;';
      if (character === '>') return '&gt;';
      return character === '"' ? '&quot;' : `&#${character.charCodeAt(0)};`;
    });
}

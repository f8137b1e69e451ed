import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import { escapeXml, isFault, parseXml, type XmlElement } from './xml.js';

const read = (text: string): XmlElement => {
  const result = parseXml(text);
  if (isFault(result)) throw new Error(result.reason);
  return result;
};

describe('XML', () => {
  test('elements, attributes, text, CDATA, entities and lines', () => {
    const root = read(
      '<?xml version="1.0"?>\n<!-- <a> -->\n<a b="1 &lt; 2" c=\'"\'>\n x &amp; y &#233;&#x1F41C; &unknown; <![CDATA[<raw>&amp;]]>\n <d/>\n <d e = "f" />\n</a>\n',
    );
    expect([root.line, root.text]).toEqual([3, 'x & y é🐜 &unknown; <raw>&amp;']);
    expect([...root.attributes]).toEqual([
      ['b', '1 < 2'],
      ['c', '"'],
    ]);
    expect(root.children.map(({ name, line, attributes }) => [name, line, attributes.get('e')])).toEqual([
      ['d', 5, undefined],
      ['d', 6, 'f'],
    ]);
  });

  test.each([
    ['<a>\n<b></a>', 2],
    ['<a>\n', 2],
    ['', 1],
    ['text', 1],
    ['<a/><b/>', 1],
    ['<a b=c/>', 1],
    ['<a>\n<!DOCTYPE x [<!ENTITY y "z">]></a>', 2],
    ['<!DOCTYPE a><a/>', 1],
    ['<a><!-- </a>', 1],
    ['<a>\n\n< b/></a>', 3],
    ['</a>', 1],
    ['<a>'.repeat(200), 1],
  ])('%j is none, and the line is told', (text, line) => {
    expect(parseXml(text)).toMatchObject({ line });
  });

  test('any text and any attribute come back, here and from another parser', () => {
    const other = new XMLParser({
      ignoreAttributes: false,
      parseTagValue: false,
      parseAttributeValue: false,
      trimValues: false,
    });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (text, attribute) => {
        const written = `<a b="${escapeXml(attribute)}">${escapeXml(text)}</a>`;
        const held = (value: string) =>
          value.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
        const root = read(written);
        expect([root.text, root.attributes.get('b')]).toEqual([held(text).trim(), held(attribute)]);
        expect(XMLValidator.validate(written)).toBe(true);
        if (/^[\x21-\x7e]+$/.test(text)) expect(String(other.parse(written).a['#text'])).toBe(text);
      }),
    );
  });

  test('no bytes make it throw or hang', () => {
    const piece = fc.constantFrom(
      '<a',
      '>',
      '</a>',
      '/>',
      ' b="',
      '"',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '&#0;',
      '&#xd800;',
      '\0',
      '<?',
      "'",
      'x',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void parseXml(pieces.join(''))),
      { numRuns: 500 },
    );
  });

  test('taken elements are not kept', () => {
    const taken: string[] = [];
    const root = parseXml('<a><b><c/></b><b/></a>', ({ name }, parents) => {
      if (name === 'b') taken.push(`${parents.join('/')}/${name}`);
      return name === 'b';
    });
    expect(taken).toEqual(['a/b', 'a/b']);
    expect(root).toMatchObject({ children: [] });
  });
});

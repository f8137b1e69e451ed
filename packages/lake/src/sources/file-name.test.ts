import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { archiveKindOf, endingOf, kindOf, nameText, partsBelow } from './file-name.js';

/** The bytes a text stands for: the inverse of `nameText`. */
function bytesOf(text: string): Buffer {
  const parts: Buffer[] = [];
  let rest = text;
  for (let match = /%([89A-F][0-9A-F]|25)/.exec(rest); match; match = /%([89A-F][0-9A-F]|25)/.exec(rest)) {
    parts.push(Buffer.from(rest.slice(0, match.index)), Buffer.from([Number.parseInt(match[1]!, 16)]));
    rest = rest.slice(match.index + match[0].length);
  }
  return Buffer.concat([...parts, Buffer.from(rest)]);
}

describe('names of files', () => {
  it('keep their text, and escape bytes that are no UTF-8', () => {
    expect(nameText(Buffer.from('größe 😀\u202Egpj.\n.jpg'))).toBe('größe 😀\u202Egpj.\n.jpg');
    expect(nameText(Buffer.from([0x61, 0xff, 0xfe, 0x2e, 0x6a, 0x70, 0x67]))).toBe('a%FF%FE.jpg');
    expect(nameText(Buffer.from([0xe2, 0x82]))).toBe('%E2%82');
    expect(nameText(Buffer.from([0xed, 0xa0, 0x80]))).toBe('%ED%A0%80');
    expect(nameText(Buffer.from('100%.jpg'))).toBe('100%.jpg');
    expect(nameText(Buffer.from('a%20b%FF.jpg'))).toBe('a%20b%25FF.jpg');
    expect(nameText(Buffer.from('\ufeffa'))).toBe('\ufeffa');
  });

  it('are different texts where they are different bytes', () => {
    const byte = fc.constantFrom(0x25, 0x32, 0x35, 0x46, 0x38, 0x61, 0xff, 0x80, 0xc3, 0xa9, 0xe2, 0xf0, 0x9f);
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 24 }), (bytes) => {
        // Escapes of lower-case digits are told from those of upper-case ones by the escaped %.
        expect(bytesOf(nameText(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('tell what a file is', () => {
    expect(kindOf('a/b.JPG')).toBe('picture');
    expect(kindOf('a.jpg/b.MoV')).toBe('video');
    expect([kindOf('a.jpg/b'), kindOf('.jpg'), kindOf('a.ts'), kindOf('a.json')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([archiveKindOf('a.TAR.gz'), archiveKindOf('a.gz'), archiveKindOf('a.7z')]).toEqual([
      'readable',
      undefined,
      'other',
    ]);
    expect(endingOf(`a.${'x'.repeat(300)}`)).toBe('');
  });

  it('stay below the source', () => {
    expect(partsBelow('./a//b/./c.jpg')).toEqual(['a', 'b', 'c.jpg']);
    for (const name of ['../a', 'a/../../b', '/a', 'C:\\a', 'c:/a']) expect(partsBelow(name)).toBe('outside');
    for (const name of ['', '.', '/'.slice(1), 'a\0b']) expect(partsBelow(name)).toBe('bad');
    expect(partsBelow('a..b/..c')).toEqual(['a..b', '..c']);
  });
});

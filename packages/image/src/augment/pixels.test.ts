import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { applyColour, composedColour, drawColour, hueMatrix, invertMatrix, toneMatrix } from './colour.js';
import { drawRandAugment } from './rand-augment.js';
import { applyTexture, type Texture } from './texture.js';
import { applyTones, type Tone } from './tone.js';

const [width, height] = [12, 8];
const picture = (): Uint8Array => {
  const data: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) data.push(40 + ((x * 13 + y * 7 + c * 29 + x * y * c) % 170));
  return Uint8Array.from(data);
};

// Pillow 13.0.0 on the picture above, by python3: Image.frombytes('RGB', (12, 8), data), then
//   ImageOps.equalize(im), ImageOps.autocontrast(im), ImageOps.posterize(im, 3), ImageOps.solarize(im, 100),
//   ImageEnhance.Sharpness(im).enhance(1.7), .enhance(0.2), ImageEnhance.Color(im).enhance(1.6),
//   ImageEnhance.Brightness(im).enhance(1.3), ImageOps.invert(im), im.convert('L').convert('RGB')
// and base64.b64encode(result.tobytes()).
const pillow = {
  equalize:
    'KEViNVJvQl98T2yJXHmWaYajdpOwg6C9kK3Knbotqsc6typHL0xpPFp4SWiHVnaWY4SlcJK0faDDiq4ol7w3pMpGsS5VvjxkNlNwQ2KBUHGSXYCjao+0d57FhK0skbw9nstOqzBfuD9wxU6BPVp3SmqKV3qdZIqwcZrDfqosi7o/mMpSpTBlskB4v1CLzGCeRGF+UXKTXoOoa5S9eKUohbY9ksdSny5nrD98uVCRxmGmKXK7S2iFWHqcZYyzcp7Kf7A3jMJOmSplpjx8s06TwGCqzXLBMIQuUm+MX4KlbJW+eagthrtGk85foDd4rUqRul2qx3DDKoMyN5ZLWXaTZoquc57JgLI6jcZVmjBwp0SLtFimwWzBzoAyMZRNPqho',
  autocontrast:
    'AClbEz5vJ1KEO2aYT3qtY4/Bd6PWi7fqn8v/s98Hx/Qc2wAwCjRmHkp9MmCVRnatWovEbqHcgrfzls0AquMXvvgv0gZG5hteFT9xKVeMPW6mUYXBZZ3cebT3jcsGoeMhtfo7yQlW3SBx8TeMIEp8NGOaSHy4XJXWcK7zhMcGmN8krPhCwAlg0yJ95zub+1O5K1WHPm+oUorJZqTqer8AjtkhovRCtgZjyiCE3jul8lXGAW/nNWCSSXy2XZjacbT/hdAXmew7rQBgwRuE1Teo6VPM/W/wDIsJQGudVIjEaKbsfMMHkOEvpP9WuBR9zDGl4E/M9GzzA4oPF6c3S3aoX5XSc7T9h9Mcm/JGrwlxwyib10fG62bw/oUPDaQ6IcNk',
  posterize:
    'IEBgIEBgQEBgQGCAQGCAYICgYICggKCggKDAgKAgoMAgoCBAIEBgIEBgQGCAQGCAYICgYICgYKDAgKAggKAgoMBAoCBAoCBgIEBgQGCAQGCAQICgYICgYIDAgKAggKAggMBAoCBAoCBgwECAIEBgQGCAQGCAYICgYIDAYKAggKAggMBAoCBgoEBgoECAwGCAQGBgQGCAQICgYICgYKAggKAggMBAgCBgoCBgoECAwGCgIGCgQGCAQGCAYICgYIDAYKAggMBAgCBgoCBgoECAwGCgwGDAIIAgQGCAQICgYICgYKAggKBAgMBAoCBgoECAoECgwGDAIIAgIIBAQGCAYICgYIDAgKAggMBAgCBgoECAoECgwGDAwIAgIIBAIKBg',
  solarize:
    'KEViNVKQQl+DT5N2XIZplnlciWxPfF9Cb1I1YkUtVTg6SCpHL0yWPFqHSZd4VolpY3taj21Lgl88dVEoaEM3WzVGTi5VQTybNlOPQ2J+UI5tXX9clXBLiGE6e1IsbkM9YTROVDBfRz+POk5+PVqISpV1V4Vim3VPjmU8gVUsdEU/ZzVSWjCaTUCHQFB0M2BhRGGBUY1sXnxXlGtCh1ooekk9bThSYC6YUz+DRlBuOWFZKY1ES5d6WIVjmnNMjWE1gE83cz1OZiqaWTyDTE5sP2BVMo0+MHsuUpBzX31ak2pBhlcteURGbDFfXzeHUkpuRV1VOI88KnwyN2lLWYlsmXVRjGE2f006cjlVZTCPWER0S1hZPpM+MX8yMWtNPleX',
  sharp:
    'KEViNVJvQl98T2yJXHmWaYajdpOwg6C9kK3Knbotqsc6typHL0xpPFp4SWiHVnaWY4SlcJK9faDeiq4Dl8UkpOU8sRJVvjxkNlNwQ2KBUHGSXYCjao+9d57ghK0QkcUznuZOqxRfuDVwxU6BPVp3SmqKV3qdZIq5cZrefqoQi8M1mOVSpRRlsjZ4yFCLzGCeRGF+UXKTXoOoa5TPeKUDhb8zkuJSnxJnrDV8uVCR2GGvKXK7S2iFWHqcZYy8cp7uf7AkjNROmQVlpjJ8s06TyWCz8XLcMIQuUm+MX4KlbJXQeagIhsQ8k/JfoCR4rUqRul2z2XDeBYMWN5ZLWXaTZoquc57JgLI6jcZVmjBwp0SLtFimwWzBzoAyMZRNPqho',
  soft: 'KEViNVJvQl98T2yJXHmWaYajdpOwg6C9kK3Knbotqsc6typHL0xpPFp4SWiHVnaWY4SlcJKpfaCjiq5Rl7FLpKpQsU1VvjxkNlNwQ2KBUHGSXYCjao+pd56lhK1LkbFHnqtOq09fuElwxU6BPVp3SmqKV3qdZIqlcZqjfqpLi69JmKpSpU9lskp4tFCLzGCeRGF+UXKTXoOoa5SoeKVRhatHkqdSn01nrEl8uVCRsWGbKXK7S2iFWHqcZYyocp6gf7BLjK1OmVNlpkZ8s06TtWCfo3KhMIQuUm+MX4KlbJWpeahWhrBQk6RfoEt4rUqRul2fsnCjU4NRN5ZLWXaTZoquc57JgLI6jcZVmjBwp0SLtFimwWzBzoAyMZRNPqho',
  color:
    'GUh2JlWDM2KQQG+dTXyqWom3Z5bEdKPRgbDemskAp9YA8A89IE99LV2NOmudRnmsUoe8X5XMa6PbhL0AkMsAnNkG5RNS8iJiJ1aENGWXP3SpS4O7WJPOY6Lge70Ah8wBk9sT2xZi5yV08zWHLl2LOm2gRX21UY7LXZ7gdLoAf8oGi9sb0hds3iiB6TiW9UirNWSSQHWqTIfCV5jabbUAeMYFg9gdyhZx1SeI4Dig60q4BXrvPGuZR320UZDOXKLpcsAAfdMZwxJwziSL2Del40nA7lzaEpkPQ3KgTYW9WJnbbbgAd8wRgeAuxx+H0TOk20bC5lvfCpgXFKw0SnmnVI7HXqLnc8MDfNgjwhh/yy2e1UK/31ff9HcADKo5Fb9Z',
  brightness:
    'NFl/RGqQVXuhZoyyd53DiK7Tmb/kqtD1u+D/zPE63P9L7TZcPWKITnScXoevb5nDgKvWkb3potD9s+I0xPRH1f9b5jtu9k6CRmuRV3+naJK9eKbTibnpms3/q+A5vPRPzf9l3j5771GR/2WnT3SaYImzcZ7MgrPkksj9o9w5tPFRxf9q1j6D51Oc+Gi0/3zNWH6jaZS/eqrai8D1nNY0rOxPvf9qzjuF31Gh8Gi8/37XNZTzYYescp7Kg7bolM3/peRHtvxlxjaD106h6GW/+Xzc/5T6Pqs7apC2e6nWjMH2ndo6rvNbv/970Eec4GC88Xjc/5H9NqpBR8Nhc5m/hLPilc3/pudLt/9uyD6R2Vi06XLX+oz6/6ZBP8BkUNqH',
  invert:
    '17qdyq2QvaCDsJN2o4ZplnlciWxPfF9Cb1I1YkXSVTjFSNW40LOWw6WHtpd4qYlpnHtaj21Lgl88dVHXaEPIWzW5TtGqQcObyayPvJ1+r45ton9clXBLiGE6e1LTbkPCYTSxVM+gR8CPOrF+wqWItZV1qIVim3VPjmU8gVXTdEXAZzWtWs+aTb+HQK90M59hu56Bro1soXxXlGtCh1rXeknCbTitYNGYU8CDRq9uOZ5Z1o1EtJd6p4VjmnNMjWE1gE/Icz2xZtWaWcODTLFsP59VMo0+z3vRrZBzoH1ak2pBhlfSeUS5bDGgX8iHUrVuRaJVOI881XzNyGm0polsmXVRjGE2f03FcjmqZc+PWLt0S6dZPpM+MX/NzmuywVeX',
  gray: 'QEBATU1NWlpaZ2dndHR0gYGBjo6Om5ubqKiooaGhrq6uV1dXR0dHVFRUYmJicHBwfn5+jIyMmpqalJSUoqKisLCwWlpaZ2dnTk5OXFxca2trenp6iIiIl5eXkpKSoaGhr6+vWlpaaWlpd3d3VVVVZGRkdHR0g4ODkpKSjo6Onp6era2tWVlZaGhoeHh4h4eHXFxcbGxsfHx8jIyMiYmJmpqaqqqqVlZWZ2dnd3d3h4eHZGRkY2NjdHR0hYWFlpaWlJSUpaWlUlJSY2NjdHR0hYWFlpaWYWFhampqfHx8jY2NjIyMnp6esLCwXl5ecHBwgoKCk5OTX19fcXFxcXFxg4ODlpaWlZWVqKioV1dXampqfHx8j4+Pjo6Obm5ugYGB',
};
const expected = (name: keyof typeof pillow) => Uint8Array.from(Buffer.from(pillow[name], 'base64'));
const worst = (a: Uint8Array, b: Uint8Array) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
const toned = (...tones: Tone[]) => {
  const pixels = picture();
  applyTones(pixels, tones);
  return pixels;
};
const still: Texture = { sharpness: 1, blurSigma: 0, tones: [], noiseSigma: 0, noiseSeed: 0, jpegQuality: undefined };
const textured = async (texture: Partial<Texture>, pixels = picture(), [w, h] = [width, height]) => {
  await applyTexture(pixels, w!, h!, { ...still, ...texture });
  return pixels;
};

describe('tones, as Pillow defines them', () => {
  test('equalize, posterize and solarize to the bit; the lightest becomes 255 by autocontrast, in Pillow 254 by rounding', () => {
    expect(toned({ kind: 'equalize' })).toEqual(expected('equalize'));
    expect(toned({ kind: 'posterize', bits: 3 })).toEqual(expected('posterize'));
    expect(toned({ kind: 'solarize', threshold: 100 })).toEqual(expected('solarize'));
    expect(worst(toned({ kind: 'autocontrast' }), expected('autocontrast'))).toBeLessThanOrEqual(1);
    expect(Math.max(...toned({ kind: 'autocontrast' }))).toBe(255);
  });

  test('one table for several tones is what one after another gives', () => {
    const tones: Tone[] = [
      { kind: 'gamma', exponent: 1.7 },
      { kind: 'equalize' },
      { kind: 'posterize', bits: 5 },
      { kind: 'autocontrast' },
    ];
    const stepwise = picture();
    for (const tone of tones) applyTones(stepwise, [tone]);
    expect(toned(...tones)).toEqual(stepwise);
  });

  test('a picture of one colour stays for equalize and autocontrast', () => {
    for (const kind of ['equalize', 'autocontrast'] as const) {
      const pixels = new Uint8Array(30).fill(90);
      applyTones(pixels, [{ kind }]);
      expect(pixels).toEqual(new Uint8Array(30).fill(90));
    }
  });
});

describe('linear colour', () => {
  const coloured = (matrix: Float32Array) => {
    const pixels = picture();
    applyColour(pixels, matrix);
    return pixels;
  };

  test("saturation, brightness, negative and grey are Pillow's, to a grey level of rounding", () => {
    expect(worst(coloured(toneMatrix(1, 1, 1.6)), expected('color'))).toBeLessThanOrEqual(1);
    expect(worst(coloured(toneMatrix(1.3, 1, 1)), expected('brightness'))).toBeLessThanOrEqual(1);
    expect(coloured(invertMatrix())).toEqual(expected('invert'));
    expect(worst(coloured(toneMatrix(1, 1, 0)), expected('gray'))).toBeLessThanOrEqual(1);
  });

  test('a third of a turn of hue exchanges the channels, greys stay, composition is one after the other', () => {
    const turned = hueMatrix(120);
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 3; column++)
        expect(turned[row * 4 + column]).toBeCloseTo((column + 1) % 3 === row ? 1 : 0, 6);
    const grey = Uint8Array.of(77, 77, 77);
    applyColour(grey, hueMatrix(33));
    expect([...grey]).toEqual([77, 77, 77]);
    const [one, other] = [toneMatrix(1.1, 0.8, 1.2), hueMatrix(20)];
    const stepwise = coloured(one);
    applyColour(stepwise, other);
    expect(worst(coloured(composedColour(other, one)), stepwise)).toBeLessThanOrEqual(1);
  });

  test('what a policy leaves out is left as it is', () => {
    expect([...drawColour({}, () => 0.9)]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    expect(drawColour({ grayscale: 1 }, () => 0.5)[0]).toBeCloseTo(0.299, 6);
  });
});

describe('texture', () => {
  test("sharpness is Pillow's inside the outermost pixels, which Pillow leaves alone", async () => {
    for (const [factor, name] of [
      [1.7, 'sharp'],
      [0.2, 'soft'],
    ] as const) {
      const [ours, theirs] = [await textured({ sharpness: factor }), expected(name)];
      for (let y = 1; y < height - 1; y++)
        for (let i = (y * width + 1) * 3; i < (y * width + width - 1) * 3; i++)
          expect(Math.abs(ours[i]! - theirs[i]!), `${name} at ${i}`).toBeLessThanOrEqual(2);
    }
  });

  test('blur is Gaussian: a point becomes the bell of its sigma', async () => {
    const side = 41;
    const pixels = new Uint8Array(side * side * 3);
    pixels.fill(255, (20 * side + 20) * 3, (20 * side + 20) * 3 + 3);
    await textured({ blurSigma: 1.5 }, pixels, [side, side]);
    for (let dx = 0; dx <= 3; dx++) {
      const bell = (255 / (2 * Math.PI * 1.5 ** 2)) * Math.exp(-(dx ** 2) / (2 * 1.5 ** 2));
      expect(Math.abs(pixels[(20 * side + 20 + dx) * 3]! - bell)).toBeLessThanOrEqual(2);
    }
  });

  test('noise has its sigma, no bias, and its seed', async () => {
    const grey = () => new Uint8Array(200 * 200 * 3).fill(128);
    const [one, same, other] = await Promise.all(
      [3, 3, 4].map((noiseSeed) => textured({ noiseSigma: 10, noiseSeed }, grey(), [200, 200])),
    );
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
    const mean = one!.reduce((sum, v) => sum + v, 0) / one!.length;
    const variance = one!.reduce((sum, v) => sum + (v - mean) ** 2, 0) / one!.length;
    expect(Math.abs(mean - 128)).toBeLessThan(0.2);
    expect(Math.abs(Math.sqrt(variance) - 10)).toBeLessThan(0.2);
  });

  test('JPEG is that of libvips at that quality', async () => {
    const file = await sharp(picture(), { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 30 })
      .toBuffer();
    const expectedPixels = await sharp(file).raw().toBuffer();
    expect(await textured({ jpegQuality: 30 })).toEqual(Uint8Array.from(expectedPixels));
  });
});

test('RandAugment: nothing at magnitude 0 but tones without one, all operations in time', () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const seen = new Set<string>();
  for (let i = 0; i < 400; i++) {
    const none = drawRandAugment(2, 0, random);
    expect(Object.values(none.geometry).every((v) => Math.abs(v) === 0)).toBe(true);
    expect([...none.colour].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    const { geometry, colour, tones, sharpness } = drawRandAugment(1, 10, random);
    for (const [key, value] of Object.entries(geometry)) if (value !== 0) seen.add(key);
    if (colour.some((v, k) => Math.abs(v - (k % 5 === 0 ? 1 : 0)) > 1e-6)) seen.add('colour');
    for (const { kind } of tones) seen.add(kind);
    if (sharpness !== 0) seen.add('sharpness');
    expect(Math.abs(geometry.rotate)).toBeLessThanOrEqual(30);
  }
  expect([...seen].toSorted()).toEqual(
    [
      ...['autocontrast', 'colour', 'equalize', 'posterize', 'rotate', 'sharpness', 'shearX', 'shearY', 'solarize'],
      ...['translateX', 'translateY'],
    ].toSorted(),
  );
});

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Capability } from './capability.js';
import { FORMATS } from './formats.js';
import { FORMAT_NAMES } from './names.js';

/** A format's row of the table in docs/formats.md. */
function rowOf(name: string, capability: Capability): string {
  const {
    boxes,
    polygons,
    masks,
    rotatedBoxes,
    keypoints,
    tracks,
    crowds,
    attributes,
    pictureClasses,
    labelMaps,
    unlabelled,
  } = capability;
  const says = (value: unknown) => (value === true ? 'yes' : value === false ? '' : String(value));
  const cells = [
    `\`${name}\``,
    boxes ? `${boxes.precision} px` : 'no boxes',
    says(polygons),
    says(masks),
    says(rotatedBoxes),
    says(keypoints),
    says(tracks),
    says(crowds),
    Array.isArray(attributes) ? attributes.map((each) => `\`${each}\``).join(' ') : says(attributes),
    says(pictureClasses),
    says(labelMaps),
    says(unlabelled),
  ];
  return `| ${cells.join(' | ')} |`.replace(/ {2,}/g, ' ');
}

test('every name has a format, and the page says of each what it can say', async () => {
  expect(FORMATS.map(({ name }) => name)).toEqual(FORMAT_NAMES);
  const page = await readFile(new URL('../../../docs/formats.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => FORMAT_NAMES.some((name) => line.startsWith(`| \`${name}\` |`)));
  expect(rows).toEqual(FORMATS.map(({ name, capability }) => rowOf(name, capability)));
});

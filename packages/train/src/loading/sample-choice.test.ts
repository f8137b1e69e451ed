import { expect, it } from 'vitest';
import { createSampleChoice, type SampleChoice, type Way } from './sample-choice.js';

/** Loads samples, each way as long as it takes; the ways that were gone. */
function follow(choice: SampleChoice, samples: number, ms: Readonly<Record<Way, number>>): Record<Way, number> {
  const gone = { kept: 0, decoded: 0 };
  for (let i = 0; i < samples; i++) {
    const way = choice.next();
    gone[way]++;
    choice.took(way, ms[way]);
  }
  return gone;
}

it('reads what is kept, as long as that is quick', () => {
  expect(follow(createSampleChoice(), 10_000, { kept: 1, decoded: 0.1 })).toEqual({ kept: 10_000, decoded: 0 });
});

it('looks once how long decoding takes where reading is slow, and reads on where decoding is no faster', () => {
  expect(follow(createSampleChoice(), 10_000, { kept: 20, decoded: 18 })).toEqual({ kept: 9936, decoded: 64 });
});

it('decodes where that is much faster, and tries reading again and again', () => {
  const choice = createSampleChoice();
  const gone = follow(choice, 20_000, { kept: 60, decoded: 10 });
  expect(gone.decoded).toBeGreaterThan(0.9 * 20_000);
  expect(gone.kept).toBeGreaterThan(4 * 256);
  // The disk has become fast, as when everything lies in memory by now.
  follow(choice, 10_000, { kept: 1, decoded: 10 });
  expect(follow(choice, 1000, { kept: 1, decoded: 10 })).toEqual({ kept: 1000, decoded: 0 });
});

it('knows from the first pass how long decoding takes', () => {
  const choice = createSampleChoice();
  for (let i = 0; i < 500; i++) choice.took('decoded', 10);
  expect(follow(choice, 256 + 4096, { kept: 60, decoded: 10 })).toEqual({ kept: 256, decoded: 4096 });
});

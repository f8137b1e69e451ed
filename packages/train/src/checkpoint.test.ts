import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-checkpoint-'));
  path = join(folder, 'checkpoint');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a checkpoint', () => {
  it('is null where there is none', async () => {
    expect(await readCheckpoint(join(folder, 'none'))).toBeNull();
  });

  it('comes back bit for bit, NaN, infinities and views into larger memory too', async () => {
    const vector = fc.float32Array({ maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), vector), fc.integer(), async (entries, step) => {
        const vectors = Object.fromEntries(Object.entries(entries).map(([k, v]) => [k, Float32Array.of(7, ...v, 7)]));
        const views = Object.fromEntries(Object.entries(vectors).map(([k, v]) => [k, v.subarray(1, v.length - 1)]));
        await writeCheckpoint(path, { header: { step, text: 'Ä "quoted"' }, vectors: views });
        const read = (await readCheckpoint(path))!;
        expect(read.header).toEqual({ step, text: 'Ä "quoted"' });
        expect(Object.keys(read.vectors).sort()).toEqual(Object.keys(entries).sort());
        for (const [name, values] of Object.entries(entries)) {
          const bits = (of: Float32Array) => [...new Uint32Array(of.slice().buffer)];
          expect(bits(read.vectors[name]!)).toEqual(bits(values));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('leaves nothing beside the file', async () => {
    await writeCheckpoint(path, { header: {}, vectors: { a: Float32Array.of(1) } });
    expect(await readdir(folder)).toEqual(['checkpoint']);
  });

  it('is refused with its path when it is cut off anywhere, damaged, or another file', async () => {
    await writeCheckpoint(path, {
      header: { step: 3 },
      vectors: { a: Float32Array.of(1, 2, 3), b: Float32Array.of(4) },
    });
    const whole = await readFile(path);
    const other = join(folder, 'other');
    const refused = async (bytes: Uint8Array) => {
      await writeFile(other, bytes);
      await expect(readCheckpoint(other)).rejects.toMatchObject({
        code: 'broken_checkpoint',
        message: expect.stringContaining(other),
      });
    };
    for (let length = 0; length < whole.length; length++) await refused(whole.subarray(0, length));
    await refused(Buffer.from('PK\u0003\u0004 this is no checkpoint at all'));
    const garbled = Buffer.from(whole);
    garbled[12] = 0x5d;
    await refused(garbled);
  });

  it('says what to do when it cannot be written, and leaves the old one', async () => {
    await writeCheckpoint(path, { header: { step: 1 }, vectors: {} });
    await expect(
      writeCheckpoint(join(folder, 'missing', 'checkpoint'), { header: {}, vectors: {} }),
    ).rejects.toMatchObject({ code: 'checkpoint_not_written', message: expect.stringContaining('resume') });
    expect((await readCheckpoint(path))!.header).toEqual({ step: 1 });
  });

  it('is the old or the new one, whole, when its writer is killed at any moment', async () => {
    const writer = fileURLToPath(new URL('./fixtures/write-checkpoints.js', import.meta.url));
    const killed = join(folder, 'killed');
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, [writer, killed], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      const lines = createInterface(child.stdout);
      let said = 0;
      lines.on('line', (line) => {
        said = Number(line);
      });
      await once(lines, 'line');
      await sleep(Math.random() * 60);
      child.kill('SIGKILL');
      await ended;
      const { header, vectors } = (await readCheckpoint(killed))!;
      expect(header.number).toBeGreaterThanOrEqual(said);
      for (const vector of Object.values(vectors)) {
        expect(vector.length).toBe(200_000);
        expect(vector.every((value) => value === header.number)).toBe(true);
      }
    }
  });
});

/** Bytes lent until they are given back. */
export interface Lent {
  readonly bytes: Buffer;
  /** Gives the memory back; the bytes must not be looked at afterwards. */
  release(): void;
}

/** Memory that goes round. */
export interface SampleBuffers {
  /** Lends `length` bytes, of no particular content. */
  lend(length: number): Lent;
}

/** Lengths are rounded up to this, so that pictures of about one size share their memory. */
const grain = 64 * 1024;

/**
 * A pool of buffers: memory for pictures is used again and again instead of being left to the garbage collector, which
 * hears of it late.
 *
 * @param idleBytes what is kept while nobody uses it, at the most
 */
export function createSampleBuffers(idleBytes: number): SampleBuffers {
  const idle = new Map<number, Buffer[]>();
  let held = 0;
  return {
    lend(length) {
      const size = Math.ceil(Math.max(1, length) / grain) * grain;
      const free = idle.get(size);
      let whole = free?.pop();
      if (whole) held -= size;
      else whole = Buffer.allocUnsafeSlow(size);
      let back = false;
      const buffer = whole;
      return {
        bytes: buffer.subarray(0, length),
        release() {
          if (back) return;
          back = true;
          // Of a set whose pictures are of many sizes the sizes seen last stay.
          for (const [other, buffers] of idle) {
            if (held + size <= idleBytes) break;
            while (buffers.length > 0 && held + size > idleBytes) {
              buffers.pop();
              held -= other;
            }
            if (buffers.length === 0) idle.delete(other);
          }
          if (held + size > idleBytes) return;
          const own = idle.get(size) ?? [];
          idle.delete(size);
          idle.set(size, own);
          own.push(buffer);
          held += size;
        },
      };
    },
  };
}

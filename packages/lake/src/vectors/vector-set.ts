/** One question to a {@link VectorSet}. */
export interface VectorQuery {
  /** How many are wanted. */
  readonly count: number;
  /** Only these. */
  readonly only?: Float64Array | undefined;
}

/** Answer to a {@link VectorQuery}: the nearest first, equals by ascending id. */
export interface Neighbours {
  readonly mediaIds: Float64Array;
  /** Cosines, in [-1, 1]. */
  readonly similarities: Float32Array;
}

/** Vectors of length 1 by id, which can be asked for those nearest to another. Lives in a worker thread. */
export interface VectorSet {
  readonly size: number;
  /** Adds vectors, or puts them in place of those these ids had. */
  put(mediaIds: Float64Array, vectors: Float32Array): void;
  remove(mediaIds: Float64Array): void;
  /** @param queries [asked.length, dimensions] */
  search(queries: Float32Array, asked: readonly VectorQuery[]): Promise<Neighbours[]>;
  /** Writes it to a file, where reading that is quicker than making it anew. */
  save?(path: string): Promise<void>;
  close(): Promise<void>;
}

import { describePicture, pictureDocument, type Target, type TaskOutput } from './output.js';

interface Row {
  readonly picture: ReturnType<typeof describePicture>;
  readonly embedding: Float32Array;
}

/** Vectors of length 1, one a picture: the inner product of two is their cosine similarity. */
export function embeddingOutput({ predictor }: Target): TaskOutput<Row> {
  const dimensionsOf = (rows: readonly Row[]) => rows[0]?.embedding.length ?? 0;
  return {
    take: async (predicted) => ({ picture: describePicture(predicted), embedding: predicted.answer.embedding! }),
    // Nine digits tell every float32 from its neighbours (IEEE 754, 5.12.2): as short as it gets without loss.
    document: (rows) =>
      pictureDocument(
        predictor,
        { dimensions: dimensionsOf(rows) },
        rows.map(({ picture, embedding }) => ({
          ...picture,
          embedding: Array.from(embedding, (value) => Number(value.toPrecision(9))),
        })),
      ),
    summary: (rows, pictures) => ({
      json: { dimensions: dimensionsOf(rows) },
      line: `${pictures}, a vector of ${dimensionsOf(rows)} numbers each`,
    }),
  };
}

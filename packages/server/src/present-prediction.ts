import type * as api from '@fovea/api';
import { encodeLabelMap } from '@fovea/formats';
import type { ServedPrediction } from '@fovea/serving';

/** A prediction as the API answers it, by its task. */
export async function presentPrediction(result: ServedPrediction): Promise<api.Prediction> {
  const { width, height, timings } = result;
  const base = { model: { name: result.model.name, version: result.model.version }, image: { width, height }, timings };
  switch (result.task) {
    case 'detection': {
      const predictions = result.detections.map(({ className, classIndex, box, confidence }) => {
        return { className, classIndex, box: [...box] as api.Detection['box'], confidence };
      });
      return { task: result.task, ...base, predictions };
    }
    case 'classification': {
      const classes = result.classes!.map(({ className, classIndex, probability }) => {
        return { className, classIndex, confidence: probability };
      });
      return { task: result.task, ...base, classes };
    }
    case 'segmentation': {
      const { labelMap, classNames, shares } = result.segmentation!;
      const png = await encodeLabelMap({ data: labelMap, width, height });
      const classes = classNames.map((className, classIndex) => ({
        className,
        classIndex,
        share: shares[classIndex]!,
      }));
      return { task: result.task, ...base, segmentation: { labelMap: Buffer.from(png).toString('base64'), classes } };
    }
    case 'embedding': {
      // Nine digits tell every float32 from its neighbours (IEEE 754, 5.12.2): as short as it gets without loss.
      const embedding = Array.from(result.embedding!, (value) => Number(value.toPrecision(9)));
      return { task: result.task, ...base, dimensions: embedding.length, embedding };
    }
  }
}

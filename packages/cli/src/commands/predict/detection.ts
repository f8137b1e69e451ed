import { join } from 'node:path';
import { drawDetections } from '@fovea/image';
import type { SourcePicture } from '../../picture-source.js';
import type { Answer } from '../../predictor.js';
import { type Target, type TaskOutput, writeWhole } from './output.js';

interface Row {
  readonly picture: SourcePicture;
  readonly answer: Answer;
}

/**
 * Boxes: the pictures with their boxes drawn, and COCO's dataset form with a `score` on every annotation, so that the
 * file stands alone; a tool that wants the results form takes its `annotations`. Category ids count from 1, boxes are
 * xywh in pixels.
 */
export function detectionOutput({ predictor, out }: Target): TaskOutput<Row> {
  return {
    async take({ picture, bytes, answer }) {
      await writeWhole(join(out, drawnName(picture.name)), await drawDetections(bytes, answer.detections));
      return { picture, answer };
    },
    document: (rows) => {
      let id = 0;
      const document = {
        info: {
          description: `Predictions of ${predictor.model.name} version ${predictor.model.version}`,
          date_created: new Date().toISOString(),
        },
        images: rows.map(({ picture, answer }, index) => ({
          id: index + 1,
          file_name: picture.frame ? drawnName(picture.name) : picture.name,
          width: answer.width,
          height: answer.height,
          ...(picture.frame && { frame_index: picture.frame.index, time_seconds: picture.frame.timeSeconds }),
        })),
        categories: predictor.classNames.map((name, index) => ({ id: index + 1, name })),
        annotations: rows.flatMap(({ answer }, index) =>
          answer.detections.map(({ box: [xmin, ymin, xmax, ymax], classIndex, confidence }) => ({
            id: ++id,
            image_id: index + 1,
            category_id: classIndex + 1,
            bbox: [xmin, ymin, xmax - xmin, ymax - ymin],
            area: (xmax - xmin) * (ymax - ymin),
            iscrowd: 0,
            score: confidence,
          })),
        ),
      };
      return [JSON.stringify(document)];
    },
    summary: (rows, pictures) => {
      const detections = rows.reduce((sum, { answer }) => sum + answer.detections.length, 0);
      return { json: { detections }, line: `${detections} boxes in ${pictures}`, beside: 'the drawn pictures' };
    },
  };
}

/** The drawn picture's name: always a JPEG, and `a.png` does not overwrite `a.jpg`. */
function drawnName(name: string): string {
  return /^frame-\d+\.png$/.test(name) ? name.replace(/png$/, 'jpg') : /\.jpe?g$/i.test(name) ? name : `${name}.jpg`;
}

import { FoveaError } from '@fovea/annotations';
import { initialize, seededRandom } from '@fovea/nn';
import { exportNetwork } from '../export.js';
import { networkLayout } from '../network.js';
import { catalogue } from '../pretrained/catalogue.js';
import type { PretrainedSource } from '../pretrained/source.js';
import { finetuneNetwork } from './finetune-network.js';

/**
 * A pretrained model of the catalogue that knows its classes by name, to predict with as it is: an ONNX file `openModel`
 * takes. It is what fine-tuning for all of the model's own classes would start from, so nothing of it is new.
 *
 * @throws FoveaError `not_predicting` for a model whose classes or outputs Fovea does not know
 */
export function exportPretrained(source: PretrainedSource): Uint8Array<ArrayBuffer> {
  const { entry } = source;
  const classNames = entry?.classNames;
  const task = entry?.task;
  const ownHead = entry?.cut?.head === 'yolox' || entry?.cut?.head === 'pixels';
  if (!classNames || !task || !ownHead) {
    const known = catalogue.filter(({ cut, classNames: names }) => names && cut && cut.head !== 'features');
    throw new FoveaError(
      'not_predicting',
      `${source.name} cannot be predicted with as it is: what its outputs mean is known of ${known
        .map(({ name }) => name)
        .join(', ')}, and of every model that Fovea trained.`,
      { name: source.name },
    );
  }
  const network = finetuneNetwork({ from: source, task, classNames });
  const layout = networkLayout(network);
  const random = seededRandom(0);
  const weights = initialize(layout.parameters, layout.size, random);
  const buffers = initialize(layout.buffers, layout.bufferSize, random);
  return exportNetwork(network, layout, weights, buffers, classNames);
}

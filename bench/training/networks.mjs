// The networks of the training benchmark, layer by layer as in peer.py: parameters come in the same order there.
import {
  batchNorm,
  conv,
  convTranspose,
  convUnit,
  crossEntropyLoss,
  denseCrossEntropy,
  invertedResidual,
  linear,
} from '@fovea/nn';

/** Bytes as the networks take them: [-0.5, 0.5]. */
const scaled = ({ graph }, images) =>
  graph.node('Sub', [graph.node('Mul', [images, graph.scalar(1 / 255)]), graph.scalar(0.5)]);

function pooled(context, x, classes) {
  const { graph } = context;
  const means = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])], { axis: 1 });
  return linear(context, 'head', means, classes);
}

function basicBlock(context, name, x, channels, stride) {
  const { graph } = context;
  const inner = convUnit(context, `${name}.first`, x, channels, { stride });
  const branch = batchNorm(context, `${name}.second.norm`, conv(context, `${name}.second`, inner, channels));
  const same = stride === 1 && x.shape[1] === channels;
  const way = same ? x : convUnit(context, `${name}.way`, x, channels, { kernel: 1, stride, activation: 'identity' });
  return graph.node('Relu', [graph.node('Add', [branch, way])]);
}

function resnet(context, images) {
  let x = convUnit(context, 'stem', scaled(context, images), 32);
  for (const [stage, channels] of [32, 64, 128, 256].entries())
    for (const block of [0, 1])
      x = basicBlock(context, `stage${stage}.${block}`, x, channels, stage > 0 && block === 0 ? 2 : 1);
  return { logits: pooled(context, x, 10) };
}

function mobilenetV2(context, images) {
  let x = convUnit(context, 'stem', scaled(context, images), 32, { stride: 2, activation: 'relu6' });
  let at = 0;
  for (const [expansion, channels, count, first] of [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ])
    for (let i = 0; i < count; i++)
      x = invertedResidual(context, `block${at++}`, x, channels, { expansion, stride: i === 0 ? first : 1 });
  x = convUnit(context, 'last', x, 1280, { kernel: 1, activation: 'relu6' });
  return { logits: pooled(context, x, 10) };
}

function unet(context, images) {
  const { graph } = context;
  const twice = (name, x, channels) =>
    convUnit(context, `${name}.second`, convUnit(context, `${name}.first`, x, channels), channels);
  const widths = [32, 64, 128, 256];
  const kept = [];
  let x = scaled(context, images);
  for (const [level, channels] of widths.entries()) {
    if (level > 0) x = graph.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
    x = twice(`down${level}`, x, channels);
    kept.push(x);
  }
  for (let level = 2; level >= 0; level--) {
    const grown = convTranspose(context, `grow${level}`, x, widths[level], { bias: 0 });
    x = twice(`up${level}`, graph.node('Concat', [kept[level], grown], { axis: 1 }), widths[level]);
  }
  return { logits: conv(context, 'head', x, 11, { kernel: 1, bias: 0 }) };
}

const mean = (graph, each, scale) => graph.node('Mul', [graph.node('ReduceSum', [each], { keepdims: 0 }), scale]);

/** What is measured: the network, the batch, and the loss as Fovea's recipes take it. */
export const workloads = {
  resnet: { what: 'ResNet, 32 x 3x64x64', batch: 32, height: 64, width: 64, classes: 10, build: resnet },
  mobilenet: {
    what: 'MobileNetV2, 16 x 3x128x128',
    batch: 16,
    height: 128,
    width: 128,
    classes: 10,
    build: mobilenetV2,
  },
  unet: { what: 'U-Net, 4 x 3x240x320', batch: 4, height: 240, width: 320, classes: 11, build: unet, dense: true },
};

/** The part of a recipe that makes a step of a workload. */
export function recipeOf({ build, height, width, classes, dense }) {
  const slot = dense
    ? { name: 'labels', dtype: 'uint8', shape: [height, width] }
    : { name: 'targets', dtype: 'float32', shape: [classes] };
  return {
    network: {
      task: dense ? 'segmentation' : 'classification',
      ...{ width, height, classes, build },
      ...(dense && { outputStride: 1, alignment: 'half_pixel' }),
    },
    slots: [slot],
    loss({ graph }, { logits }, arrays, scale) {
      const labels = arrays[slot.name];
      const each = dense ? denseCrossEntropy(graph, logits, labels) : crossEntropyLoss(graph, logits, labels);
      return { loss: mean(graph, each, scale), parts: {} };
    },
  };
}

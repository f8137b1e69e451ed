import { Floats, floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../graph.js';
import { tensorOf } from '../tensor.js';
import { type Rewriter, type UpgradeRule, unsupported, withAttributes } from './rewriter.js';

const hintOf = (node: { name: string; outputs: readonly string[] }): string => node.name || node.outputs[0]!;

/** Moves an INTS attribute to an input at `index`. */
const attributeToInput =
  (attribute: string, index: number): UpgradeRule =>
  (node, rewriter) => {
    const values = intsAttribute(node.attributes, attribute);
    if (!values) return node;
    const inputs = [...node.inputs];
    while (inputs.length < index) inputs.push('');
    inputs[index] = rewriter.ints(values, `${hintOf(node)}/${attribute}`);
    return withAttributes({ ...node, inputs }, { [attribute]: undefined });
  };

/** Until 13, the axes before `axis` and those from it on were taken as the rows and columns of a matrix. */
const flattened: UpgradeRule = (node, rewriter) => {
  const axis = intAttribute(node.attributes, 'axis', 1);
  if (axis === -1) return node;
  const hint = hintOf(node);
  const shape = rewriter.emit('Shape', [node.inputs[0]!], {}, `${hint}/shape`);
  const matrix = rewriter.emit('Flatten', [node.inputs[0]!], { axis }, `${hint}/matrix`);
  const result = rewriter.emit(node.opType, [matrix], { axis: -1 }, `${hint}/rows`);
  return { ...node, opType: 'Reshape', inputs: [result, shape], attributes: {} };
};

/** Bounds at float32's range are none. */
const clip: UpgradeRule = (node, rewriter) => {
  const bound = (name: string) => {
    const limit = 3.4028234663852886e38;
    const value = floatAttribute(node.attributes, name, limit);
    return Math.abs(value) >= limit ? '' : rewriter.scalarLike(value, node.inputs[0]!, `${hintOf(node)}/${name}`);
  };
  const inputs = [node.inputs[0]!, bound('min'), bound('max')];
  while (inputs.at(-1) === '') inputs.pop();
  return withAttributes({ ...node, inputs }, { min: undefined, max: undefined });
};

const slice: UpgradeRule = (node, rewriter) => {
  const added = ['starts', 'ends', 'axes'].map((name) => {
    const values = intsAttribute(node.attributes, name);
    return values ? rewriter.ints(values, `${hintOf(node)}/${name}`) : '';
  });
  while (added.at(-1) === '') added.pop();
  return { ...node, inputs: [node.inputs[0]!, ...added], attributes: {} };
};

const pad: UpgradeRule = (node, rewriter) => {
  const { attributes } = node;
  const pads = rewriter.ints(intsAttribute(attributes, 'pads') ?? [], `${hintOf(node)}/pads`);
  const value = floatAttribute(attributes, 'value', 0);
  const inputs = [node.inputs[0]!, pads];
  if (value !== 0) inputs.push(rewriter.scalarLike(value, node.inputs[0]!, `${hintOf(node)}/value`));
  return { ...node, inputs, attributes: { mode: stringAttribute(attributes, 'mode', 'constant') } };
};

/**
 * Upsample, and Resize of set 10: samples at x / scale. ONNX Runtime rounds down where it enlarges and up where it makes
 * smaller, so a node that does both becomes two.
 */
const upsample: UpgradeRule = (node, rewriter) => {
  const hint = hintOf(node);
  const given = node.attributes.scales;
  const scales =
    given instanceof Floats ? given.values : Array.from(rewriter.tensorOf(node.inputs[1])?.data ?? [], Number);
  const mode = stringAttribute(node.attributes, 'mode', 'nearest').replace('bilinear', 'linear');
  const step = (x: string, scaleName: string, rounding: string) => ({
    inputs: [x, '', scaleName],
    attributes: { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: rounding },
  });
  const constant = (values: readonly number[]) => rewriter.constant(tensorOf('float32', values), `${hint}/scales`);
  const [x, computed] = [node.inputs[0]!, node.inputs[1]];
  if (scales.length === 0) {
    if (!computed) throw unsupported(node, 'it has no scales');
    return { ...node, opType: 'Resize', ...step(x, computed, 'floor') };
  }
  const [enlarges, reduces] = [scales.some((scale) => scale > 1), scales.some((scale) => scale < 1)];
  if (mode !== 'nearest' || !(enlarges && reduces))
    return { ...node, opType: 'Resize', ...step(x, constant(scales), reduces ? 'ceil' : 'floor') };
  const first = step(x, constant(scales.map((scale) => Math.max(scale, 1))), 'floor');
  const larger = rewriter.emit('Resize', first.inputs, first.attributes, `${hint}/larger`);
  return { ...node, opType: 'Resize', ...step(larger, constant(scales.map((scale) => Math.min(scale, 1))), 'ceil') };
};

/** An empty tensor stood for an input left out. */
const resize: UpgradeRule = (node, rewriter, opset) => {
  if (opset === 10) return upsample(node, rewriter, opset);
  if (stringAttribute(node.attributes, 'coordinate_transformation_mode', '') === 'tf_half_pixel_for_nn')
    throw unsupported(node, 'coordinate_transformation_mode tf_half_pixel_for_nn ended with operator set 12');
  const inputs = node.inputs.map((input, i) => (i > 0 && rewriter.tensorOf(input)?.data.length === 0 ? '' : input));
  return { ...node, inputs };
};

const usedBeyond = (node: { outputs: readonly string[] }, count: number, rewriter: Rewriter): string | undefined =>
  node.outputs.slice(count).find((output) => output !== '' && rewriter.isRead(output));

const dropout: UpgradeRule = (node, rewriter) => {
  const mask = usedBeyond(node, 1, rewriter);
  if (mask) throw unsupported(node, `what its mask "${mask}" holds was not told before operator set 12`);
  const ratio = floatAttribute(node.attributes, 'ratio', 0.5);
  const inputs = [node.inputs[0]!, rewriter.scalarLike(ratio, node.inputs[0]!, `${hintOf(node)}/ratio`)];
  return { ...node, inputs, outputs: node.outputs.slice(0, 1), attributes: {} };
};

const batchNormalization: UpgradeRule = (node, rewriter) => {
  if (intAttribute(node.attributes, 'spatial', 1) !== 1)
    throw unsupported(node, 'statistics per position (spatial = 0) ended with operator set 8');
  const extra = usedBeyond(node, 1, rewriter);
  if (extra) throw unsupported(node, `its output "${extra}" belongs to training before operator set 14`);
  return withAttributes({ ...node, outputs: node.outputs.slice(0, 1) }, { spatial: undefined });
};

const topK: UpgradeRule = (node, rewriter) => {
  const k = rewriter.ints([intAttribute(node.attributes, 'k', 1)], `${hintOf(node)}/k`);
  return withAttributes({ ...node, inputs: [node.inputs[0]!, k] }, { k: undefined });
};

/** Rules for nodes of operator sets before `below`, where an operator changed. */
export const olderRules: Readonly<Record<string, readonly { readonly below: number; readonly rule: UpgradeRule }[]>> = {
  BatchNormalization: [{ below: 14, rule: batchNormalization }],
  Clip: [{ below: 11, rule: clip }],
  Dropout: [{ below: 12, rule: dropout }],
  Hardmax: [{ below: 13, rule: flattened }],
  LogSoftmax: [{ below: 13, rule: flattened }],
  Pad: [{ below: 11, rule: pad }],
  ReduceSum: [{ below: 13, rule: attributeToInput('axes', 1) }],
  Resize: [{ below: 13, rule: resize }],
  RoiAlign: [
    {
      below: 16,
      rule: (node) => withAttributes(node, { coordinate_transformation_mode: 'output_half_pixel' }),
    },
  ],
  Scan: [
    {
      below: 9,
      rule: (node) => {
        throw unsupported(node, 'Scan took sequence lengths before operator set 9');
      },
    },
  ],
  Scatter: [{ below: 11, rule: (node) => ({ ...node, opType: 'ScatterElements' }) }],
  Slice: [{ below: 10, rule: slice }],
  Softmax: [{ below: 13, rule: flattened }],
  Split: [{ below: 13, rule: attributeToInput('split', 1) }],
  Squeeze: [{ below: 13, rule: attributeToInput('axes', 1) }],
  TopK: [{ below: 10, rule: topK }],
  Unsqueeze: [{ below: 13, rule: attributeToInput('axes', 1) }],
  Upsample: [{ below: 10, rule: upsample }],
};

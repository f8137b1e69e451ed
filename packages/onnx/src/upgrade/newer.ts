import { float, floatAttribute, intAttribute, intsAttribute, type Node, stringAttribute } from '../graph.js';
import { tensorOf } from '../tensor.js';
import { type Rewriter, type UpgradeRule, unsupported, withAttributes } from './rewriter.js';

const hintOf = (node: Node): string => node.name || node.outputs[0]!;

/** From 18 on, the axes of every reduction are an input; at 17 they are an attribute, but for ReduceSum's. */
const reduce: UpgradeRule = (node, rewriter) => {
  const axes = rewriter.numbersOf(node, 1);
  const [x] = node.inputs as [string];
  if (!axes?.length && intAttribute(node.attributes, 'noop_with_empty_axes', 0) === 1)
    return { ...node, opType: 'Identity', inputs: [x], attributes: {} };
  const changes = { axes: axes?.length ? axes : undefined, noop_with_empty_axes: undefined };
  return withAttributes({ ...node, inputs: [x] }, changes);
};

/** Equal parts, the last one smaller where they do not come out even, which set 17 wants spelled out. */
const split: UpgradeRule = (node, rewriter) => {
  const without = withAttributes(node, { num_outputs: undefined });
  if (node.inputs[1]) return without;
  const hint = hintOf(node);
  const parts = node.outputs.length;
  const axis = rewriter.ints([intAttribute(node.attributes, 'axis', 0)], `${hint}/axis`);
  const shape = rewriter.emit('Shape', [node.inputs[0]!], {}, `${hint}/shape`);
  const length = rewriter.emit('Gather', [shape, axis], {}, `${hint}/length`);
  const rounding = rewriter.ints([parts - 1], `${hint}/rounding`);
  const count = rewriter.ints([parts], `${hint}/count`);
  const most = rewriter.emit('Add', [length, rounding], {}, `${hint}/most`);
  const part = rewriter.emit('Div', [most, count], {}, `${hint}/part`);
  const before = rewriter.emit('Mul', [part, rounding], {}, `${hint}/before`);
  const last = rewriter.emit('Sub', [length, before], {}, `${hint}/last`);
  const parted = [...new Array<string>(parts - 1).fill(part), last];
  const sizes = rewriter.emit('Concat', parted, { axis: 0 }, `${hint}/sizes`);
  return { ...without, inputs: [node.inputs[0]!, sizes] };
};

/** `values` put at positions `axes` of `base`, a list with one number per axis. */
const scatter = (rewriter: Rewriter, base: string, axes: string, values: string, hint: string): string =>
  rewriter.emit('ScatterElements', [base, axes, values], { axis: 0 }, hint);

/** A list of as many equal numbers as `x` has axes. */
function perAxis(rewriter: Rewriter, x: string, value: ReturnType<typeof tensorOf>, hint: string): string {
  const shape = rewriter.emit('Shape', [x], {}, `${hint}/shape`);
  const rank = rewriter.emit('Shape', [shape], {}, `${hint}/rank`);
  return rewriter.emit('ConstantOfShape', [rank], { value }, `${hint}/each`);
}

const pad: UpgradeRule = (node, rewriter) => {
  const mode = stringAttribute(node.attributes, 'mode', 'constant');
  if (mode === 'wrap') throw unsupported(node, 'mode wrap came with operator set 19');
  const [x, pads, value, axes] = node.inputs;
  if (!axes) return node;
  const hint = hintOf(node);
  const zeros = perAxis(rewriter, x!, tensorOf('int64', [0]), hint);
  const sides = rewriter.emit('Reshape', [pads!, rewriter.ints([2, -1], `${hint}/two`)], {}, `${hint}/sides`);
  const side = (index: number, name: string) => {
    const at = rewriter.constant(tensorOf('int64', [index], []), `${hint}/${name}`);
    return scatter(
      rewriter,
      zeros,
      axes,
      rewriter.emit('Gather', [sides, at], {}, `${hint}/${name}`),
      `${hint}/${name}`,
    );
  };
  const all = rewriter.emit('Concat', [side(0, 'begins'), side(1, 'ends')], { axis: 0 }, `${hint}/pads`);
  return { ...node, inputs: value ? [x!, all, value] : [x!, all] };
};

const resize: UpgradeRule = (node, rewriter) => {
  const { attributes } = node;
  const axes = intsAttribute(attributes, 'axes');
  const mode = stringAttribute(attributes, 'coordinate_transformation_mode', 'half_pixel');
  if (intAttribute(attributes, 'antialias', 0) === 1) throw unsupported(node, 'antialias came with operator set 18');
  if (stringAttribute(attributes, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    throw unsupported(node, 'keep_aspect_ratio_policy came with operator set 18');
  if (mode === 'half_pixel_symmetric') throw unsupported(node, 'half_pixel_symmetric came with operator set 19');
  const plain = withAttributes(node, { axes: undefined, antialias: undefined, keep_aspect_ratio_policy: undefined });
  if (!axes) return plain;
  if (mode === 'tf_crop_and_resize') throw unsupported(node, 'a region of some axes came with operator set 18');
  const hint = hintOf(node);
  const [x, , scales, sizes] = node.inputs;
  const at = rewriter.ints(axes, `${hint}/axes`);
  if (sizes) {
    const shape = rewriter.emit('Shape', [x!], {}, `${hint}/shape`);
    return { ...plain, inputs: [x!, '', '', scatter(rewriter, shape, at, sizes, `${hint}/sizes`)] };
  }
  const ones = perAxis(rewriter, x!, tensorOf('float32', [1]), hint);
  return { ...plain, inputs: [x!, '', scatter(rewriter, ones, at, scales!, `${hint}/scales`)] };
};

const scatterReduction: UpgradeRule = (node) => {
  const reduction = stringAttribute(node.attributes, 'reduction', 'none');
  if (reduction === 'max' || reduction === 'min')
    throw unsupported(node, `reduction ${reduction} came with operator set 18`);
  return node;
};

/** Groups normalized as the instances of a tensor with one channel per group; scaled by group (18) or channel (21). */
const groupNormalization: UpgradeRule = (node, rewriter, opset) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const hint = hintOf(node);
  const groups = intAttribute(node.attributes, 'num_groups', 1);
  const epsilon = float(floatAttribute(node.attributes, 'epsilon', 1e-5));
  const shape = rewriter.emit('Shape', [x], {}, `${hint}/shape`);
  const rows = rewriter.emit('Reshape', [x, rewriter.ints([0, groups, -1], `${hint}/groups`)], {}, `${hint}/rows`);
  const each = (value: number, name: string) =>
    rewriter.emit(
      'Expand',
      [rewriter.scalarLike(value, x, `${hint}/${name}`), rewriter.ints([groups], `${hint}/count`)],
      {},
      `${hint}/${name}`,
    );
  const byGroup = opset < 21;
  const inputs = byGroup ? [rows, scale, bias] : [rows, each(1, 'one'), each(0, 'zero')];
  const normalized = rewriter.emit('InstanceNormalization', inputs, { epsilon }, `${hint}/normalized`);
  if (byGroup) return { ...node, opType: 'Reshape', inputs: [normalized, shape], attributes: {} };
  const back = rewriter.emit('Reshape', [normalized, shape], {}, `${hint}/back`);
  const channels = rewriter.emit('Reshape', [back, rewriter.ints([0, 0, -1], `${hint}/keep`)], {}, `${hint}/channels`);
  const one = rewriter.ints([1], `${hint}/axis`);
  const column = (name: string) => rewriter.emit('Unsqueeze', [name, one], {}, `${hint}/column`);
  const scaled = rewriter.emit('Mul', [channels, column(scale)], {}, `${hint}/scaled`);
  const shifted = rewriter.emit('Add', [scaled, column(bias)], {}, `${hint}/shifted`);
  return { ...node, opType: 'Reshape', inputs: [shifted, shape], attributes: {} };
};

/** x Φ(x) with Φ by erf, or by its approximation with tanh. */
const gelu: UpgradeRule = (node, rewriter) => {
  const x = node.inputs[0]!;
  const hint = hintOf(node);
  const scalar = (value: number, name: string) => rewriter.scalarLike(value, x, `${hint}/${name}`);
  const emit = (opType: string, inputs: string[], name: string) => rewriter.emit(opType, inputs, {}, `${hint}/${name}`);
  let inner: string;
  if (stringAttribute(node.attributes, 'approximate', 'none') === 'tanh') {
    const square = emit('Mul', [x, x], 'square');
    const cube = emit('Mul', [square, x], 'cube');
    const sum = emit('Add', [x, emit('Mul', [cube, scalar(0.044715, 'factor')], 'term')], 'sum');
    inner = emit('Tanh', [emit('Mul', [sum, scalar(Math.sqrt(2 / Math.PI), 'root')], 'argument')], 'tanh');
  } else inner = emit('Erf', [emit('Div', [x, scalar(Math.SQRT2, 'root')], 'argument')], 'erf');
  const doubled = emit('Mul', [x, emit('Add', [inner, scalar(1, 'one')], 'shifted')], 'doubled');
  return { ...node, opType: 'Mul', inputs: [doubled, scalar(0.5, 'half')], attributes: {} };
};

/** x tanh(softplus(x)). */
const mish: UpgradeRule = (node, rewriter) => {
  const x = node.inputs[0]!;
  const softplus = rewriter.emit('Softplus', [x], {}, `${hintOf(node)}/softplus`);
  const gate = rewriter.emit('Tanh', [softplus], {}, `${hintOf(node)}/gate`);
  return { ...node, opType: 'Mul', inputs: [x, gate] };
};

const gridSample: UpgradeRule = (node) => {
  const mode = stringAttribute(node.attributes, 'mode', 'linear');
  const names: Record<string, string> = { linear: 'bilinear', cubic: 'bicubic' };
  return withAttributes(node, { mode: names[mode] ?? mode });
};

const fourier: UpgradeRule = (node, rewriter) => {
  const axis = rewriter.numbersOf(node, 2)?.[0] ?? -2;
  return withAttributes({ ...node, inputs: node.inputs.slice(0, 2) }, { axis });
};

/** Attributes that came later, at the values that change nothing. */
const without =
  (neutral: Readonly<Record<string, (value: unknown) => boolean>>, since: number): UpgradeRule =>
  (node) => {
    const strange = Object.entries(neutral).find(
      ([name, same]) => name in node.attributes && !same(node.attributes[name]),
    );
    if (strange) throw unsupported(node, `attribute ${strange[0]} came with operator set ${since}`);
    return withAttributes(node, Object.fromEntries(Object.keys(neutral).map((name) => [name, undefined])));
  };

const zero = (value: unknown) => value === 0;
const allOnes = (value: unknown) => Array.isArray(value) && value.every((each) => each === 1);
const any = () => true;

const reductions = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'];

/** Rules for nodes of operator sets from `since` on, where an operator changed. */
export const newerRules: Readonly<Record<string, { readonly since: number; readonly rule: UpgradeRule }>> = {
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, { since: 18, rule: reduce }])),
  AveragePool: { since: 19, rule: without({ dilations: allOnes }, 19) },
  Cast: { since: 19, rule: without({ saturate: any }, 19) },
  CastLike: { since: 19, rule: without({ saturate: any }, 19) },
  DFT: { since: 20, rule: fourier },
  DequantizeLinear: { since: 21, rule: without({ block_size: zero }, 21) },
  Gelu: { since: 20, rule: gelu },
  GridSample: { since: 20, rule: gridSample },
  GroupNormalization: { since: 18, rule: groupNormalization },
  LpPool: { since: 18, rule: without({ dilations: allOnes, ceil_mode: zero }, 18) },
  Mish: { since: 18, rule: mish },
  Pad: { since: 18, rule: pad },
  QuantizeLinear: { since: 19, rule: without({ saturate: any, block_size: zero, output_dtype: zero }, 21) },
  Resize: { since: 18, rule: resize },
  ScatterElements: { since: 18, rule: scatterReduction },
  ScatterND: { since: 18, rule: scatterReduction },
  Split: { since: 18, rule: split },
};

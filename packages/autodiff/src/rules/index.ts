import type { GradientRule } from '../rule.js';
import { abs } from './abs.js';
import { add } from './add.js';
import { batchNormalization } from './batch-normalization.js';
import { cast } from './cast.js';
import { clip } from './clip.js';
import { concat } from './concat.js';
import { conv } from './conv.js';
import { div } from './div.js';
import { exp } from './exp.js';
import { expand } from './expand.js';
import { extremum } from './extremum.js';
import { gather } from './gather.js';
import { globalAveragePool } from './global-average-pool.js';
import { hardSwish } from './hard-swish.js';
import { identity } from './identity.js';
import { leakyRelu } from './leaky-relu.js';
import { log } from './log.js';
import { matMul } from './mat-mul.js';
import { maxPool } from './max-pool.js';
import { mul } from './mul.js';
import { neg } from './neg.js';
import { pad } from './pad.js';
import { pow } from './pow.js';
import { reciprocal } from './reciprocal.js';
import { reduceExtremum, reduceMean, reduceSum } from './reduce.js';
import { relu } from './relu.js';
import { reshape } from './reshape.js';
import { resize } from './resize.js';
import { sigmoid } from './sigmoid.js';
import { slice } from './slice.js';
import { logSoftmax, softmax } from './softmax.js';
import { softplus } from './softplus.js';
import { split } from './split.js';
import { sqrt } from './sqrt.js';
import { sub } from './sub.js';
import { tanh } from './tanh.js';
import { transpose } from './transpose.js';
import { where } from './where.js';

/** Operators whose outputs do not change smoothly with their inputs: nothing flows back through them. */
export const withoutGradient: ReadonlySet<string> = new Set(
  (
    'And ArgMax ArgMin Ceil Constant ConstantOfShape Equal Floor Greater GreaterOrEqual IsNaN Less LessOrEqual Not ' +
    'OneHot Or Range Round Shape Sign'
  ).split(' '),
);

/** The gradient rule of each operator, by its ONNX name. */
export const rules: Readonly<Record<string, GradientRule>> = {
  Abs: abs,
  Add: add,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Clip: clip,
  Concat: concat,
  Conv: conv,
  Div: div,
  Exp: exp,
  Expand: expand,
  Flatten: reshape,
  Gather: gather,
  GlobalAveragePool: globalAveragePool,
  HardSwish: hardSwish,
  Identity: identity,
  LeakyRelu: leakyRelu,
  Log: log,
  LogSoftmax: logSoftmax,
  MatMul: matMul,
  Max: extremum,
  MaxPool: maxPool,
  Min: extremum,
  Mul: mul,
  Neg: neg,
  Pad: pad,
  Pow: pow,
  Reciprocal: reciprocal,
  ReduceMax: reduceExtremum,
  ReduceMean: reduceMean,
  ReduceMin: reduceExtremum,
  ReduceSum: reduceSum,
  Relu: relu,
  Reshape: reshape,
  Resize: resize,
  Sigmoid: sigmoid,
  Slice: slice,
  Softmax: softmax,
  Softplus: softplus,
  Split: split,
  Sqrt: sqrt,
  Squeeze: reshape,
  Sub: sub,
  Sum: add,
  Tanh: tanh,
  Transpose: transpose,
  Unsqueeze: reshape,
  Where: where,
};

import type { GradientRule } from '../rule.js';
import { abs } from './abs.js';
import { add } from './add.js';
import { atan } from './atan.js';
import { averagePool } from './average-pool.js';
import { batchNormalization } from './batch-normalization.js';
import { cast } from './cast.js';
import { celu } from './celu.js';
import { clip } from './clip.js';
import { concat } from './concat.js';
import { conv } from './conv.js';
import { convTranspose } from './conv-transpose.js';
import { cos } from './cos.js';
import { cumSum } from './cum-sum.js';
import { depthToSpace } from './depth-to-space.js';
import { dequantizeLinear } from './dequantize-linear.js';
import { div } from './div.js';
import { dropout } from './dropout.js';
import { einsum } from './einsum.js';
import { elu } from './elu.js';
import { erf } from './erf.js';
import { exp } from './exp.js';
import { expand } from './expand.js';
import { flatten } from './flatten.js';
import { fusedMatMul } from './fused-mat-mul.js';
import { gather } from './gather.js';
import { gatherElements } from './gather-elements.js';
import { gatherND } from './gather-nd.js';
import { gelu } from './gelu.js';
import { gemm } from './gemm.js';
import { globalAveragePool } from './global-average-pool.js';
import { globalMaxPool } from './global-max-pool.js';
import { groupNormalization } from './group-normalization.js';
import { hardSigmoid } from './hard-sigmoid.js';
import { hardSwish } from './hard-swish.js';
import { identity } from './identity.js';
import { instanceNormalization } from './instance-normalization.js';
import { layerNormalization } from './layer-normalization.js';
import { leakyRelu } from './leaky-relu.js';
import { log } from './log.js';
import { logSoftmax } from './log-softmax.js';
import { matMul } from './mat-mul.js';
import { max } from './max.js';
import { maxPool } from './max-pool.js';
import { mean } from './mean.js';
import { min } from './min.js';
import { mish } from './mish.js';
import { mul } from './mul.js';
import { neg } from './neg.js';
import { pRelu } from './p-relu.js';
import { pad } from './pad.js';
import { pow } from './pow.js';
import { quantizeLinear } from './quantize-linear.js';
import { quickGelu } from './quick-gelu.js';
import { reciprocal } from './reciprocal.js';
import { reduceL1 } from './reduce-l1.js';
import { reduceL2 } from './reduce-l2.js';
import { reduceLogSum } from './reduce-log-sum.js';
import { reduceLogSumExp } from './reduce-log-sum-exp.js';
import { reduceMax } from './reduce-max.js';
import { reduceMean } from './reduce-mean.js';
import { reduceMin } from './reduce-min.js';
import { reduceProd } from './reduce-prod.js';
import { reduceSum } from './reduce-sum.js';
import { reduceSumSquare } from './reduce-sum-square.js';
import { relu } from './relu.js';
import { reshape } from './reshape.js';
import { resize } from './resize.js';
import { scatterElements } from './scatter-elements.js';
import { scatterND } from './scatter-nd.js';
import { selu } from './selu.js';
import { sigmoid } from './sigmoid.js';
import { sin } from './sin.js';
import { slice } from './slice.js';
import { softmax } from './softmax.js';
import { softplus } from './softplus.js';
import { softsign } from './softsign.js';
import { spaceToDepth } from './space-to-depth.js';
import { split } from './split.js';
import { sqrt } from './sqrt.js';
import { squeeze } from './squeeze.js';
import { sub } from './sub.js';
import { sum } from './sum.js';
import { tanh } from './tanh.js';
import { tile } from './tile.js';
import { topK } from './top-k.js';
import { transpose } from './transpose.js';
import { trilu } from './trilu.js';
import { unsqueeze } from './unsqueeze.js';
import { where } from './where.js';

/** Operators whose outputs do not change smoothly with their inputs: nothing flows back through them. */
export const withoutGradient: ReadonlySet<string> = new Set(
  (
    'And ArgMax ArgMin BitShift BitwiseNot Ceil Constant ConstantOfShape Equal EyeLike Floor Greater GreaterOrEqual ' +
    'Hardmax IsInf IsNaN Less LessOrEqual Not OneHot Or Range Round Shape Sign Size Xor'
  ).split(' '),
);

/** The gradient rule of each operator, by its ONNX name. */
export const rules: Readonly<Record<string, GradientRule>> = {
  Abs: abs,
  Add: add,
  Atan: atan,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Celu: celu,
  Clip: clip,
  Concat: concat,
  Conv: conv,
  ConvTranspose: convTranspose,
  Cos: cos,
  CumSum: cumSum,
  DepthToSpace: depthToSpace,
  DequantizeLinear: dequantizeLinear,
  Div: div,
  Dropout: dropout,
  Einsum: einsum,
  Elu: elu,
  Erf: erf,
  Exp: exp,
  Expand: expand,
  Flatten: flatten,
  FusedMatMul: fusedMatMul,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Gelu: gelu,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  GroupNormalization: groupNormalization,
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  Identity: identity,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LeakyRelu: leakyRelu,
  Log: log,
  LogSoftmax: logSoftmax,
  MatMul: matMul,
  Max: max,
  MaxPool: maxPool,
  Mean: mean,
  Min: min,
  Mish: mish,
  Mul: mul,
  Neg: neg,
  PRelu: pRelu,
  Pad: pad,
  Pow: pow,
  QuantizeLinear: quantizeLinear,
  QuickGelu: quickGelu,
  Reciprocal: reciprocal,
  ReduceL1: reduceL1,
  ReduceL2: reduceL2,
  ReduceLogSum: reduceLogSum,
  ReduceLogSumExp: reduceLogSumExp,
  ReduceMax: reduceMax,
  ReduceMean: reduceMean,
  ReduceMin: reduceMin,
  ReduceProd: reduceProd,
  ReduceSum: reduceSum,
  ReduceSumSquare: reduceSumSquare,
  Relu: relu,
  Reshape: reshape,
  Resize: resize,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  Selu: selu,
  Sigmoid: sigmoid,
  Sin: sin,
  Slice: slice,
  Softmax: softmax,
  Softplus: softplus,
  Softsign: softsign,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Sqrt: sqrt,
  Squeeze: squeeze,
  Sub: sub,
  Sum: sum,
  Tanh: tanh,
  Tile: tile,
  TopK: topK,
  Transpose: transpose,
  Trilu: trilu,
  Unsqueeze: unsqueeze,
  Where: where,
};

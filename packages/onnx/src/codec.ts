import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { checkGraph } from './check.js';
import { OnnxError } from './error.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.js';
import { type Attribute, Float, Floats, type Graph, type Model, type Node, type ValueInfo } from './graph.js';
import {
  allocate,
  bytesOf,
  type DType,
  dtypeNumbers,
  dtypeOfNumber,
  saturate,
  sizeOf,
  type Tensor,
  type TensorData,
  viewBytes,
} from './tensor.js';

/** Bytes of the tensors that a model keeps in other files. */
export type ExternalData = ReadonlyMap<TensorProto, Uint8Array>;

const utf8 = new TextEncoder();
const text = new TextDecoder();

function encodeTensor(name: string, { dtype, shape, data }: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: dtypeNumbers[dtype],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) as Uint8Array<ArrayBuffer>,
  });
}

/** Elements of a tensor that keeps them in the field of its type; small types, and halves as their bits, share int32_data. */
function typedData(proto: TensorProto, dtype: DType): TensorData {
  const fields: Partial<Record<DType, ArrayLike<number | bigint>>> = {
    float32: proto.floatData,
    float64: proto.doubleData,
    int64: proto.int64Data,
    uint32: proto.uint64Data,
    uint64: proto.uint64Data,
  };
  const values = fields[dtype] ?? proto.int32Data;
  const data = allocate(dtype, values.length);
  const wide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (let i = 0; i < values.length; i++) data[i] = wide ? values[i]! : Number(values[i]);
  return data;
}

function decodeTensor(proto: TensorProto, external?: ExternalData): Tensor {
  const dtype = dtypeOfTensor(proto);
  const shape = proto.dims.map(Number);
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0))
    throw new OnnxError('invalid_model', `Tensor "${proto.name}" has the impossible shape [${shape}].`);
  const outside = proto.dataLocation === TensorProto_DataLocation.EXTERNAL;
  const bytes = outside ? external?.get(proto) : proto.rawData;
  if (!bytes)
    throw new OnnxError(
      'external_data',
      `Tensor "${proto.name}" keeps its data outside the model file; open it by its path, or save the model as one file.`,
    );
  if (bytes.length % bytesOf(dtype) !== 0)
    throw new OnnxError(
      'truncated_tensor',
      `Tensor "${proto.name}" holds ${bytes.length} bytes, no whole number of ${dtype} elements.`,
    );
  const data = outside || bytes.length > 0 ? viewBytes(dtype, bytes) : typedData(proto, dtype);
  if (data.length !== sizeOf(shape))
    throw new OnnxError(
      'truncated_tensor',
      `Tensor "${proto.name}" has shape [${shape}] but holds ${data.length} elements.`,
    );
  return { dtype, shape, data };
}

function dtypeOfTensor(proto: TensorProto): DType {
  try {
    return dtypeOfNumber(proto.dataType);
  } catch (cause) {
    if (!(cause instanceof OnnxError)) throw cause;
    throw new OnnxError(cause.code, `Tensor "${proto.name}": ${cause.message}`, cause.details, { cause });
  }
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  const attribute = (type: AttributeType, fields: MessageInitShape<typeof AttributeProtoSchema>) =>
    create(AttributeProtoSchema, { ...fields, name, type } as MessageInitShape<typeof AttributeProtoSchema>);
  if (typeof value === 'number') return attribute(AttributeType.INT, { i: saturate(value) });
  if (value instanceof Float) return attribute(AttributeType.FLOAT, { f: value.value });
  if (typeof value === 'string') return attribute(AttributeType.STRING, { s: utf8.encode(value) });
  if (value instanceof Floats) return attribute(AttributeType.FLOATS, { floats: [...value.values] });
  if (Array.isArray(value))
    return typeof value[0] === 'string'
      ? attribute(AttributeType.STRINGS, { strings: (value as string[]).map((item) => utf8.encode(item)) })
      : attribute(AttributeType.INTS, { ints: (value as number[]).map((item) => saturate(item)) });
  if ('nodes' in value) return attribute(AttributeType.GRAPH, { g: encodeGraph(value) });
  return attribute(AttributeType.TENSOR, { t: encodeTensor('', value as Tensor) });
}

function decodeAttribute(proto: AttributeProto, node: string, context: DecodeContext): Attribute {
  switch (proto.type) {
    case AttributeType.INT:
      return Number(proto.i);
    case AttributeType.FLOAT:
      return new Float(proto.f);
    case AttributeType.STRING:
      return text.decode(proto.s);
    case AttributeType.INTS:
      return proto.ints.map(Number);
    case AttributeType.FLOATS:
      return new Floats(proto.floats);
    case AttributeType.STRINGS:
      return proto.strings.map((item) => text.decode(item));
    case AttributeType.TENSOR:
      if (proto.t) return decodeTensor(proto.t, context.external);
      break;
    case AttributeType.GRAPH:
      if (proto.g) return decodeGraph(proto.g, { ...context, depth: context.depth + 1 });
      break;
    default:
      throw new OnnxError(
        'unsupported_attribute',
        `Attribute "${proto.name}" of node "${node}" is of kind ${proto.type}, which Fovea does not read.`,
      );
  }
  throw new OnnxError('invalid_model', `Attribute "${proto.name}" of node "${node}" has a kind but no value.`);
}

function encodeValue({ name, dtype, shape }: ValueInfo): ValueInfoProto {
  const dim = shape?.map((length) => ({
    value:
      typeof length === 'number'
        ? { case: 'dimValue' as const, value: BigInt(length) }
        : { case: 'dimParam' as const, value: length },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: dtypeNumbers[dtype], shape: dim ? { dim } : undefined } } },
  });
}

/** A length a file declares; one that is not told, or is negative as some tools write it, gets a name. */
function decodeAxis(length: bigint | string | undefined, axis: number, name: string): number | string {
  if (typeof length !== 'bigint' || length < 0n) return (typeof length === 'string' && length) || `axis${axis}`;
  if (length > BigInt(Number.MAX_SAFE_INTEGER))
    throw new OnnxError('invalid_model', `"${name}" has the impossible length ${length} along axis ${axis}.`);
  return Number(length);
}

function decodeValue(proto: ValueInfoProto): ValueInfo {
  if (proto.type?.value.case !== 'tensorType') {
    const kind = proto.type?.value.case?.replace('Type', '') ?? 'value of no type';
    throw new OnnxError(
      'unsupported_type',
      `"${proto.name}" is a ${kind}, not a tensor; Fovea reads graphs of tensors.`,
    );
  }
  const { elemType, shape } = proto.type.value.value;
  return {
    name: proto.name,
    dtype: dtypeOfNumber(elemType),
    shape: shape?.dim.map(({ value }, axis) => decodeAxis(value.value, axis, proto.name)),
  };
}

/** What decoding hands down into graphs within graphs. */
interface DecodeContext {
  readonly external: ExternalData | undefined;
  readonly depth: number;
}

/** Graphs within graphs deeper than this are no model anybody exports. */
const deepest = 32;

function decodeNode(proto: NodeProto, context: DecodeContext): Node {
  return {
    opType: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(
      proto.attribute.map((item) => [item.name, decodeAttribute(item, proto.name, context)]),
    ),
  };
}

function encodeGraph(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map(({ opType, domain, name, inputs, outputs, attributes }) => ({
      opType,
      domain,
      name,
      input: [...inputs],
      output: [...outputs],
      attribute: Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value)),
    })),
    initializer: [...graph.initializers].map(([name, tensor]) => encodeTensor(name, tensor)),
    input: graph.inputs.map(encodeValue),
    output: graph.outputs.map(encodeValue),
  });
}

function decodeGraph(proto: GraphProto, context: DecodeContext): Graph {
  if (context.depth > deepest)
    throw new OnnxError('invalid_model', `Graph "${proto.name}" lies within more than ${deepest} others.`);
  const sparse = proto.sparseInitializer[0];
  if (sparse)
    throw new OnnxError(
      'unsupported_model',
      `Initializer "${sparse.values?.name}" of graph "${proto.name}" is sparse; export the model with dense weights.`,
    );
  const initializers = new Map<string, Tensor>();
  for (const item of proto.initializer) {
    if (initializers.has(item.name))
      throw new OnnxError('invalid_model', `Graph "${proto.name}" has two initializers named "${item.name}".`);
    initializers.set(item.name, decodeTensor(item, context.external));
  }
  return {
    name: proto.name,
    nodes: proto.node.map((node) => decodeNode(node, context)),
    initializers,
    inputs: proto.input.map(decodeValue),
    outputs: proto.output.map(decodeValue),
  };
}

/** The bytes of an ONNX file. */
export function encodeModel(model: Model): Uint8Array<ArrayBuffer> {
  const proto = create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    producerName: model.producer,
    graph: encodeGraph(model.graph),
    opsetImport: [...model.opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
  });
  return toBinary(ModelProtoSchema, proto);
}

/**
 * Reads an ONNX file. Nodes are brought into an order in which every input is computed before its use.
 *
 * @throws OnnxError `invalid_model` where the bytes are no ONNX model (cut off, another kind of file), and for a graph
 *   that cannot be computed: names given twice, inputs that nothing computes, circles, impossible shapes;
 *   `unsupported_model` for functions of its own, training graphs and sparse weights; `external_data` for tensors in
 *   other files (see `loadModel`); `truncated_tensor`, `unsupported_dtype`, `unsupported_type`, `unsupported_attribute`
 *   for what Fovea does not read.
 */
export function decodeModel(bytes: Uint8Array): Model {
  return modelOfProto(parseModel(bytes));
}

/** The messages of an ONNX file; throws `invalid_model` where it is none. */
export function parseModel(bytes: Uint8Array): ModelProto {
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new OnnxError('invalid_model', 'The file is not an ONNX model, or it is cut off.', {}, { cause });
  }
  if (!proto.graph?.node.length)
    throw new OnnxError('invalid_model', 'The file is not an ONNX model: it holds no graph with nodes.');
  return proto;
}

/** The model that parsed messages and the bytes of their external tensors stand for, checked as `decodeModel` says. */
export function modelOfProto(proto: ModelProto, external?: ExternalData): Model {
  const own = proto.functions[0];
  if (own)
    throw new OnnxError(
      'unsupported_model',
      `The model defines functions of its own ("${own.name}"); export it with its functions inlined.`,
    );
  if (proto.trainingInfo.length > 0)
    throw new OnnxError('unsupported_model', 'The model holds training graphs; export it for inference.');
  const graph = checkGraph(decodeGraph(proto.graph!, { external, depth: 0 }));
  const opsets = new Map(
    proto.opsetImport.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, Number(version)]),
  );
  checkOpsets(graph, opsets);
  return {
    irVersion: Number(proto.irVersion),
    producer: proto.producerName,
    opsets,
    graph,
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  };
}

function checkOpsets(graph: Graph, opsets: ReadonlyMap<string, number>): void {
  for (const [domain, version] of opsets)
    if (!Number.isSafeInteger(version) || version < 1)
      throw new OnnxError('unsupported_opset', `The model asks for operator set ${version} of domain "${domain}".`);
  const node = graph.nodes.find(({ domain }) => !opsets.has(domain));
  if (node)
    throw new OnnxError(
      'unsupported_opset',
      `Node "${node.name || node.outputs[0]}" (${node.opType}) is of domain "${node.domain || 'ai.onnx'}", of which the model does not say the operator set.`,
    );
}

/** A model around `graph`: operator set 17 and IR 8, which every runtime of the last years loads. */
export function modelOf(graph: Graph, metadata: Readonly<Record<string, string>> = {}): Model {
  const opsets = new Map([['', 17]]);
  for (const node of graph.nodes) if (node.domain) opsets.set(node.domain, 1);
  return { irVersion: 8, producer: 'fovea', opsets, graph, metadata };
}

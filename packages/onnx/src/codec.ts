import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { OnnxError } from './error.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
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
  type DType,
  dtypeNumbers,
  dtypeOfNumber,
  sizeOf,
  type Tensor,
  type TensorData,
  viewBytes,
} from './tensor.js';

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

function decodeTensor(proto: TensorProto): Tensor {
  const dtype = dtypeOfNumber(proto.dataType);
  const shape = proto.dims.map(Number);
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL)
    throw new OnnxError(
      'external_data',
      `Tensor "${proto.name}" keeps its data outside the model file; save the model as one file.`,
    );
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0))
    throw new OnnxError('invalid_model', `Tensor "${proto.name}" has the impossible shape [${shape}].`);
  const data = proto.rawData.length ? viewBytes(dtype, proto.rawData) : typedData(proto, dtype);
  if (data.length !== sizeOf(shape))
    throw new OnnxError(
      'truncated_tensor',
      `Tensor "${proto.name}" has shape [${shape}] but holds ${data.length} elements.`,
    );
  return { dtype, shape, data };
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  const attribute = (type: AttributeType, fields: MessageInitShape<typeof AttributeProtoSchema>) =>
    create(AttributeProtoSchema, { ...fields, name, type } as MessageInitShape<typeof AttributeProtoSchema>);
  if (typeof value === 'number') return attribute(AttributeType.INT, { i: BigInt(value) });
  if (value instanceof Float) return attribute(AttributeType.FLOAT, { f: value.value });
  if (typeof value === 'string') return attribute(AttributeType.STRING, { s: utf8.encode(value) });
  if (value instanceof Floats) return attribute(AttributeType.FLOATS, { floats: [...value.values] });
  if (Array.isArray(value))
    return typeof value[0] === 'string'
      ? attribute(AttributeType.STRINGS, { strings: (value as string[]).map((item) => utf8.encode(item)) })
      : attribute(AttributeType.INTS, { ints: (value as number[]).map(BigInt) });
  if ('nodes' in value) return attribute(AttributeType.GRAPH, { g: encodeGraph(value) });
  return attribute(AttributeType.TENSOR, { t: encodeTensor('', value as Tensor) });
}

function decodeAttribute(proto: AttributeProto, node: string): Attribute {
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
      if (proto.t) return decodeTensor(proto.t);
      break;
    case AttributeType.GRAPH:
      if (proto.g) return decodeGraph(proto.g);
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

function decodeValue(proto: ValueInfoProto): ValueInfo {
  if (proto.type?.value.case !== 'tensorType')
    throw new OnnxError('unsupported_type', `"${proto.name}" is not a tensor; Fovea reads graphs of tensors.`);
  const { elemType, shape } = proto.type.value.value;
  return {
    name: proto.name,
    dtype: dtypeOfNumber(elemType),
    shape: shape?.dim.map((dim, axis) =>
      dim.value.case === 'dimValue' ? Number(dim.value.value) : dim.value.value || `axis${axis}`,
    ),
  };
}

function decodeNode(proto: NodeProto): Node {
  return {
    opType: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(proto.attribute.map((item) => [item.name, decodeAttribute(item, proto.name)])),
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

function decodeGraph(proto: GraphProto): Graph {
  return {
    name: proto.name,
    nodes: proto.node.map(decodeNode),
    initializers: new Map(proto.initializer.map((item) => [item.name, decodeTensor(item)])),
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
 * Reads an ONNX file.
 *
 * @throws OnnxError `invalid_model` where the bytes are no ONNX model (cut off, another kind of file); `external_data`,
 *   `truncated_tensor`, `unsupported_dtype`, `unsupported_attribute` for what Fovea does not read.
 */
export function decodeModel(bytes: Uint8Array): Model {
  let proto: ReturnType<typeof fromBinary<typeof ModelProtoSchema>>;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new OnnxError('invalid_model', 'The file is not an ONNX model, or it is cut off.', {}, { cause });
  }
  if (!proto.graph?.node.length)
    throw new OnnxError('invalid_model', 'The file is not an ONNX model: it holds no graph with nodes.');
  return {
    irVersion: Number(proto.irVersion),
    producer: proto.producerName,
    opsets: new Map(
      proto.opsetImport.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, Number(version)]),
    ),
    graph: decodeGraph(proto.graph),
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  };
}

/** A model around `graph`: operator set 17 and IR 8, which every runtime of the last years loads. */
export function modelOf(graph: Graph, metadata: Readonly<Record<string, string>> = {}): Model {
  const opsets = new Map([['', 17]]);
  for (const node of graph.nodes) if (node.domain) opsets.set(node.domain, 1);
  return { irVersion: 8, producer: 'fovea', opsets, graph, metadata };
}

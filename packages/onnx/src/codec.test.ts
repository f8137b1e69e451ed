import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './builder.js';
import { decodeModel, encodeModel, modelOf } from './codec.js';
import { OnnxError } from './error.js';
import {
  AttributeProto_AttributeType,
  FunctionProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  RefusedSchema,
  SparseTensorProtoSchema,
  TensorProto_DataLocation,
  type TensorProtoSchema,
} from './generated/onnx_pb.js';
import { type Attribute, Float, Floats, float, type Graph, type Model, type ValueInfo } from './graph.js';
import { allocate, type DType, dtypeNumbers, sizeOf, type Tensor, tensorOf } from './tensor.js';

const models = join(
  process.env.FOVEA_SHARED ?? join(fileURLToPath(import.meta.url), '../../../../../shared'),
  'models',
);
const dtypes = Object.keys(dtypeNumbers) as DType[];

/** A tensor of any type, its bytes drawn freely: NaN of every kind among them. */
const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(4), { maxLength: 4 }))
  .chain(([dtype, shape]) => {
    const data = allocate(dtype, sizeOf(shape));
    return fc.uint8Array({ minLength: data.byteLength, maxLength: data.byteLength }).map((bytes) => {
      const own = allocate(dtype, sizeOf(shape));
      new Uint8Array(own.buffer).set(bytes);
      return { dtype, shape, data: own };
    });
  });
const int = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const real = fc.float({ noNaN: true });
const text = fc.string({ unit: 'binary' });
const name = fc.string({ minLength: 1, unit: 'grapheme' });
const plainAttribute: fc.Arbitrary<Attribute> = fc.oneof(
  int,
  real.map((value) => new Float(value)),
  text,
  tensor,
  fc.array(int),
  fc.array(real).map((values) => new Floats(values)),
  fc.array(text, { minLength: 1 }),
);
const valueInfo = fc.record({
  name,
  dtype: fc.constantFrom(...dtypes),
  shape: fc.option(fc.array(fc.oneof(fc.nat(1e6), fc.string({ minLength: 1, maxLength: 9 }))), { nil: undefined }),
});
const graphOf = (attribute: fc.Arbitrary<Attribute>): fc.Arbitrary<Graph> =>
  fc
    .record({
      name,
      nodes: fc.array(
        fc.record({
          opType: name,
          domain: fc.constantFrom('', 'com.microsoft'),
          name: fc.string(),
          inputs: fc.array(fc.string(), { maxLength: 3 }),
          outputs: fc.array(name, { maxLength: 3 }),
          attributes: fc.dictionary(name, attribute, { maxKeys: 4, noNullPrototype: true }),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      initializers: fc.dictionary(name, tensor, { maxKeys: 4 }).map((entries) => new Map(Object.entries(entries))),
      inputs: fc.array(valueInfo, { maxLength: 3 }),
      outputs: fc.array(valueInfo, { maxLength: 3 }),
    })
    .map(wellFormed);

/** The graph with names such that every tensor has one source, and every input is one defined before. */
function wellFormed(graph: Graph): Graph {
  const known: string[] = [];
  const define = (wanted: string) => {
    const unique = known.includes(wanted) ? `${wanted}#${known.length}` : wanted;
    known.push(unique);
    return unique;
  };
  const pick = (wanted: string) => (known.length && wanted ? known[wanted.length % known.length]! : '');
  const inputs = graph.inputs.map((input) => ({ ...input, name: define(input.name) }));
  const initializers = new Map([...graph.initializers].map(([key, value]) => [define(key), value]));
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(pick),
    outputs: node.outputs.map(define),
  }));
  const outputs = known.length ? graph.outputs.map((output) => ({ ...output, name: pick(output.name) })) : [];
  return { ...graph, inputs, initializers, nodes, outputs };
}

const model: fc.Arbitrary<Model> = fc.record({
  irVersion: fc.nat(20),
  producer: fc.string(),
  opsets: fc
    .dictionary(fc.string(), fc.integer({ min: 1, max: 99 }))
    .map((entries) => new Map(Object.entries({ ...entries, '': 17, 'com.microsoft': 1 }))),
  graph: graphOf(fc.oneof({ weight: 8, arbitrary: plainAttribute }, { weight: 1, arbitrary: graphOf(plainAttribute) })),
  metadata: fc.dictionary(name, fc.string({ unit: 'binary' }), { noNullPrototype: true }),
});

/** A model of one addition to a constant. */
function smallModel(): Model {
  const graph = new GraphBuilder('small');
  const x = graph.input('x', 'float32', [2, 2]);
  graph.output(graph.node('Add', [x, graph.constant(tensorOf('float32', [1, 2, 3, 4], [2, 2]), 'weight')]), 'y');
  return modelOf(graph.build(), { note: 'ä' });
}

/** The small model with its one initializer changed as a file may have it. */
function withInitializer(change: (proto: ReturnType<typeof create<typeof TensorProtoSchema>>) => void): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, encodeModel(smallModel()));
  change(proto.graph!.initializer[0]!);
  return toBinary(ModelProtoSchema, proto);
}

describe('the codec', () => {
  it('brings every model back as it was', () => {
    fc.assert(
      fc.property(model, (original) => {
        // A domain spelled out is read as the empty one.
        fc.pre(!original.opsets.has('ai.onnx'));
        expect(decodeModel(encodeModel(original))).toEqual(original);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps tensors that are views into larger memory', () => {
    const memory = Float32Array.of(9, 1, 2, 3, 9);
    const original = smallModel();
    const view: Tensor = { dtype: 'float32', shape: [3], data: memory.subarray(1, 4) };
    const graph = { ...original.graph, initializers: new Map([['weight', view]]) };
    const { data } = decodeModel(encodeModel({ ...original, graph })).graph.initializers.get('weight')!;
    expect([...data]).toEqual([1, 2, 3]);
  });

  it('decodes from bytes that lie anywhere in memory', () => {
    const bytes = encodeModel(smallModel());
    for (let shift = 0; shift < 9; shift++) {
      const memory = Buffer.alloc(bytes.length + 16, 0xff);
      memory.set(bytes, shift);
      const decoded = decodeModel(memory.subarray(shift, shift + bytes.length));
      expect(decoded).toEqual(smallModel());
    }
  });

  it('reads tensors kept as typed fields', () => {
    const typed = (fields: object) =>
      decodeModel(
        withInitializer((proto) => {
          proto.rawData = new Uint8Array();
          Object.assign(proto, fields);
        }),
      ).graph.initializers.get('weight')!;
    const of = (dtype: DType, dims: number[]) => ({ dataType: dtypeNumbers[dtype], dims: dims.map(BigInt) });
    expect(typed({ ...of('float32', [2]), floatData: [1.5, -2] })).toEqual(tensorOf('float32', [1.5, -2]));
    expect(typed({ ...of('float64', [1]), doubleData: [0.1] })).toEqual(tensorOf('float64', [0.1]));
    expect(typed({ ...of('int32', [2]), int32Data: [1, -1] })).toEqual(tensorOf('int32', [1, -1]));
    expect(typed({ ...of('int8', [2]), int32Data: [1, -1] })).toEqual(tensorOf('int8', [1, -1]));
    expect(typed({ ...of('bool', [2]), int32Data: [1, 0] })).toEqual(tensorOf('bool', [1, 0]));
    expect(typed({ ...of('uint64', [1]), uint64Data: [7n] })).toEqual(tensorOf('uint64', [7]));
    expect(typed({ ...of('float32', [0]), floatData: [] })).toEqual(tensorOf('float32', []));
    expect(typed({ ...of('float32', []), floatData: [3] })).toEqual(tensorOf('float32', [3], []));
    // Halves lie in int32_data as their bits; int64 beyond 2^53 keeps every bit.
    const halves = typed({ ...of('float16', [2]), int32Data: [0x3c00, 0xc000] });
    expect([...(halves.data as Uint16Array)]).toEqual([0x3c00, 0xc000]);
    const large = typed({ ...of('int64', [1]), int64Data: [2n ** 62n + 1n] });
    expect([...(large.data as BigInt64Array)]).toEqual([2n ** 62n + 1n]);
  });

  it('names what it does not read', () => {
    const cases: [(proto: ReturnType<typeof create<typeof TensorProtoSchema>>) => void, string, RegExp][] = [
      [
        (proto) => {
          proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
        },
        'external_data',
        /"weight".*outside.*one file/,
      ],
      [
        (proto) => {
          proto.dims = [3n, 2n];
        },
        'truncated_tensor',
        /"weight".*\[3,2\].*4 elements/,
      ],
      [
        (proto) => {
          proto.rawData = proto.rawData.slice(1);
        },
        'truncated_tensor',
        /"weight".*15 bytes/,
      ],
      [
        (proto) => {
          proto.dataType = 8;
        },
        'unsupported_dtype',
        /8/,
      ],
    ];
    for (const [change, code, message] of cases)
      expect(() => decodeModel(withInitializer(change))).toThrow(
        expect.objectContaining({ name: 'OnnxError', code, message: expect.stringMatching(message) }),
      );
    const sparse = fromBinary(ModelProtoSchema, encodeModel(smallModel()));
    sparse.graph!.node[0]!.attribute.push({
      ...fromBinary(ModelProtoSchema, encodeModel(attributed())).graph!.node[0]!.attribute[0]!,
      type: AttributeProto_AttributeType.SPARSE_TENSOR,
    });
    expect(() => decodeModel(toBinary(ModelProtoSchema, sparse))).toThrow(
      expect.objectContaining({ code: 'unsupported_attribute' }),
    );
  });

  it('refuses what is no model', () => {
    const none = [new Uint8Array(), Buffer.from('%PDF-1.7'), Buffer.alloc(100), new Uint8Array([0x3a, 0x00])];
    for (const bytes of none)
      expect(() => decodeModel(bytes)).toThrow(expect.objectContaining({ code: 'invalid_model' }));
  });

  it('throws an OnnxError or reads it, whatever is cut or changed', () => {
    const bytes = encodeModel(attributed());
    const harmless = (changed: Uint8Array) => {
      try {
        decodeModel(changed);
      } catch (error) {
        if (!(error instanceof OnnxError)) throw error;
      }
    };
    for (let length = 0; length < bytes.length; length++) harmless(bytes.subarray(0, length));
    const some = [...Array(17).keys(), 0x7f, 0x80, 0xff];
    for (let offset = 0; offset < bytes.length; offset++)
      for (const value of some) {
        const changed = bytes.slice();
        changed[offset] = value;
        harmless(changed);
      }
    const at = fc.nat(bytes.length - 1);
    const change = fc.tuple(at, fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const changed = bytes.slice();
        for (const [offset, value] of changes) changed[offset] = value;
        harmless(changed);
      }),
      { numRuns: 1500 },
    );
    fc.assert(
      fc.property(at, at, at, (from, to, into) => {
        // A stretch of the file moved elsewhere in it: lengths then run over their fields.
        const part = bytes.slice(Math.min(from, to), Math.max(from, to));
        harmless(Buffer.concat([bytes.subarray(0, into), part, bytes.subarray(into)]));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => harmless(random)),
      { numRuns: 500 },
    );
  });

  it('refuses sizes that no memory holds, at once', () => {
    for (const dims of [[2n ** 40n, 2n ** 20n], [-4n], [-2n, -2n], [2n ** 62n]])
      expect(() =>
        decodeModel(
          withInitializer((proto) => {
            proto.dims = dims;
          }),
        ),
      ).toThrow(OnnxError);
  });
});

const input: ValueInfo = { name: 'x', dtype: 'float32', shape: [2] };

/** A model of nodes given as `op: reads -> writes`. */
function chain(nodes: readonly [opType: string, inputs: string[], outputs: string[]][], outputs = ['y']): Model {
  return modelOf({
    name: 'chain',
    nodes: nodes.map(([opType, inputs, made]) => ({
      opType,
      domain: '',
      name: `${opType}_of_${inputs}`,
      inputs,
      outputs: made,
      attributes: {},
    })),
    initializers: new Map(),
    inputs: [input],
    outputs: outputs.map((each) => ({ ...input, name: each })),
  });
}

describe('decodeModel checks that a graph can be computed', () => {
  const decoded = (model: Model) => decodeModel(encodeModel(model));
  const refusal = (code: string, message: RegExp) =>
    expect.objectContaining({ name: 'OnnxError', code, message: expect.stringMatching(message) });

  it('brings nodes into order, and leaves those in order alone', () => {
    const shuffled = decoded(
      chain([
        ['Neg', ['b'], ['y']],
        ['Exp', ['a'], ['b']],
        ['Abs', ['x'], ['a']],
        ['Log', ['x'], ['unread']],
      ]),
    );
    expect(shuffled.graph.nodes.map(({ opType }) => opType)).toEqual(['Abs', 'Exp', 'Neg', 'Log']);
    const straight = chain([
      ['Log', ['x'], ['a']],
      ['Neg', ['x'], ['b']],
      ['Add', ['b', 'a'], ['y']],
    ]);
    expect(decoded(straight)).toEqual(straight);
  });

  it('orders a chain of any length', () => {
    const length = 20_000;
    const links = Array.from({ length }, (_, i): [string, string[], string[]] => ['Neg', [`t${i}`], [`t${i + 1}`]]);
    const model = chain([...links.reverse(), ['Neg', ['x'], ['t0']]], [`t${length}`]);
    const { nodes } = decoded(model).graph;
    expect(nodes[0]!.inputs).toEqual(['x']);
    expect(nodes.at(-1)!.outputs).toEqual([`t${length}`]);
  });

  const broken: [string, Model, string, RegExp][] = [
    [
      'an input that nothing computes',
      chain([['Add', ['x', 'gone'], ['y']]]),
      'invalid_model',
      /Add_of_x,gone.*"gone"/,
    ],
    ['an output that nothing computes', chain([['Abs', ['x'], ['z']]]), 'invalid_model', /"y"/],
    [
      'a circle',
      chain([
        ['Add', ['x', 'b'], ['a']],
        ['Neg', ['a'], ['b']],
        ['Abs', ['b'], ['y']],
      ]),
      'invalid_model',
      /(Add|Neg).*waits for.*(Add|Neg)/,
    ],
    ['a node that reads itself', chain([['Add', ['x', 'y'], ['y']]]), 'invalid_model', /waits for/],
    [
      'a tensor with two sources',
      chain([
        ['Abs', ['x'], ['y']],
        ['Neg', ['x'], ['y']],
      ]),
      'invalid_model',
      /Neg_of_x.*"y"/,
    ],
    ['an output over an input', chain([['Abs', ['x'], ['x']]], ['x']), 'invalid_model', /"x"/],
    ['no operator set', { ...chain([['Abs', ['x'], ['y']]]), opsets: new Map() }, 'unsupported_opset', /Abs.*ai\.onnx/],
    ['operator set 0', { ...chain([['Abs', ['x'], ['y']]]), opsets: new Map([['', 0]]) }, 'unsupported_opset', /set 0/],
  ];
  it.each(broken)('refuses %s', (_, model, code, message) => {
    expect(() => decoded(model)).toThrow(refusal(code, message));
  });

  it('sees what graphs within read from around them, and orders by it', () => {
    const inner: Graph = {
      name: 'then',
      nodes: [{ opType: 'Neg', domain: '', name: 'n', inputs: ['late'], outputs: ['r'], attributes: {} }],
      initializers: new Map(),
      inputs: [],
      outputs: [{ ...input, name: 'r' }],
    };
    const choice = {
      opType: 'If',
      domain: '',
      name: 'if',
      inputs: ['x'],
      outputs: ['y'],
      attributes: { then_branch: inner },
    };
    const late = { opType: 'Abs', domain: '', name: 'l', inputs: ['x'], outputs: ['late'], attributes: {} };
    const base = chain([['Abs', ['x'], ['y']]]);
    const model = { ...base, graph: { ...base.graph, nodes: [choice, late] } };
    expect(decoded(model).graph.nodes.map(({ opType }) => opType)).toEqual(['Abs', 'If']);
    const without = { ...base, graph: { ...base.graph, nodes: [choice] } };
    expect(() => decoded(without)).toThrow(refusal('invalid_model', /"if".*"late"/));
  });

  it('refuses what is no plain graph of tensors, by name', () => {
    const proto = (change: (proto: ModelProto) => void) => {
      const message = fromBinary(ModelProtoSchema, encodeModel(smallModel()));
      change(message);
      return toBinary(ModelProtoSchema, message);
    };
    const cases: [string, RegExp, (proto: ModelProto) => void][] = [
      ['unsupported_model', /"swish"/, (p) => p.functions.push(create(FunctionProtoSchema, { name: 'swish' }))],
      ['unsupported_model', /training/, (p) => p.trainingInfo.push(create(RefusedSchema))],
      [
        'unsupported_model',
        /"few".*sparse/,
        (p) => p.graph!.sparseInitializer.push(create(SparseTensorProtoSchema, { values: { name: 'few' } })),
      ],
      ['invalid_model', /two initializers.*"weight"/, (p) => p.graph!.initializer.push(p.graph!.initializer[0]!)],
      ['invalid_model', /two inputs.*"x"/, (p) => p.graph!.input.push(p.graph!.input[0]!)],
      [
        'unsupported_type',
        /"x" is a sequence/,
        (p) => {
          p.graph!.input[0]!.type!.value = { case: 'sequenceType', value: create(RefusedSchema) };
        },
      ],
      [
        'unsupported_type',
        /"y" is a optional/,
        (p) => {
          p.graph!.output[0]!.type!.value = { case: 'optionalType', value: create(RefusedSchema) };
        },
      ],
      [
        'unsupported_type',
        /"x"/,
        (p) => {
          delete p.graph!.input[0]!.type;
        },
      ],
    ];
    for (const [code, message, change] of cases)
      expect(() => decodeModel(proto(change))).toThrow(refusal(code, message));
  });

  it('keeps the largest integers', () => {
    const bytes = encodeModel(
      modelOf({
        ...chain([['Abs', ['x'], ['y']]]).graph,
        nodes: [
          {
            opType: 'Abs',
            domain: '',
            name: 'a',
            inputs: ['x'],
            outputs: ['y'],
            attributes: { ends: [2 ** 63, -(2 ** 63)] },
          },
        ],
      }),
    );
    const { ints } = fromBinary(ModelProtoSchema, bytes).graph!.node[0]!.attribute[0]!;
    expect(ints).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
    expect([...tensorOf('int64', [2 ** 63, -(2 ** 63)]).data]).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
  });
});

/** A model with an attribute of every kind. */
function attributed(): Model {
  const inner = smallModel().graph;
  const attributes = {
    int: -3,
    float: float(0.5),
    string: 'über',
    tensor: tensorOf('int64', [1, 2]),
    ints: [1, -1],
    floats: new Floats([1, 2]),
    strings: ['a', 'b'],
    graph: inner,
  };
  const node = { opType: 'Thing', domain: 'com.microsoft', name: 'n', inputs: ['x', ''], outputs: ['z'], attributes };
  return modelOf({ ...inner, nodes: [node, ...inner.nodes] });
}

const files = existsSync(models) ? readdirSync(models).filter((file) => file.endsWith('.onnx')) : [];
if (files.length === 0) console.info(`No models in ${models}: the tests on real ones are skipped.`);

describe.skipIf(files.length === 0)('real models run the same decoded and encoded again', () => {
  const load = (bytes: Uint8Array) =>
    ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'basic', logSeverityLevel: 3, intraOpNumThreads: 1 });

  it.each(files)('%s', async (file) => {
    const bytes = readFileSync(join(models, file));
    const decoded = decodeModel(bytes);
    const again = encodeModel(decoded);
    expect(Buffer.compare(encodeModel(decodeModel(again)), again)).toBe(0);
    const initialized = decoded.graph.initializers;
    const feeds = Object.fromEntries(
      decoded.graph.inputs
        .filter(({ name: input }) => !initialized.has(input))
        .map(({ name: input, shape }) => {
          const channelsLast = shape!.at(-1) === 3;
          const dims = shape!.map((n, axis) =>
            typeof n === 'number' && n > 0 ? n : axis === 0 ? 1 : channelsLast ? 3 : 64,
          );
          const data = Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(i) * 0.5);
          return [input, new ort.Tensor('float32', data, dims)];
        }),
    );
    const [before, after] = [await load(bytes), await load(again)];
    const [expected, actual] = [await before.run(feeds), await after.run(feeds)];
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [output, { data, dims }] of Object.entries(expected)) {
      expect(actual[output]!.dims).toEqual(dims);
      const [a, b] = [actual[output]!.data, data].map((values) => Buffer.from((values as Float32Array).buffer));
      expect(a!.equals(b!), output).toBe(true);
    }
    await before.release();
    await after.release();
  });
});

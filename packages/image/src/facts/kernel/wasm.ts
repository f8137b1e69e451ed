/** A piece of WebAssembly code: bytes that leave one value on the stack, or none. */
export type Code = readonly number[];

/** What a local variable holds. */
export type LocalType = 'i32' | 'v128';

/** A function of a module: integer parameters, no result; `body` gets parameters and locals by name. */
export interface WasmFunction<Parameter extends string, Name extends string> {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly locals: Readonly<Record<Name, LocalType>>;
  readonly body: (local: Readonly<Record<Parameter | Name, Local>>) => readonly Code[];
}

/** A local variable: `get` is its value, `set` stores one. */
export interface Local {
  readonly get: Code;
  readonly set: (value: Code) => Code;
}

/** A function whose locals are named once. */
export function defineFunction<Parameter extends string, Name extends string>(
  spec: WasmFunction<Parameter, Name>,
): WasmFunction<Parameter, Name> {
  return spec;
}

const types = { i32: 0x7f, v128: 0x7b } as const;

/** Unsigned LEB128, as the binary format writes sizes and indices. */
function unsigned(value: number): number[] {
  const out: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    out.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return out;
}

/** Signed LEB128, as constants are written. */
function signed(value: number): number[] {
  const out: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const isLast = (value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0);
    out.push(isLast ? low : low | 0x80);
    if (isLast) return out;
  }
}

const binary = (opcode: number) => (a: Code, b: Code) => [...a, ...b, opcode];
const simd = (opcode: number) => [0xfd, ...unsigned(opcode)];
const simdUnary = (opcode: number) => (a: Code) => [...a, ...simd(opcode)];
const simdBinary = (opcode: number) => (a: Code, b: Code) => [...a, ...b, ...simd(opcode)];
const load =
  (opcode: readonly number[]) =>
  (address: Code, offset = 0) => [...address, ...opcode, 0, ...unsigned(offset)];
const store =
  (opcode: readonly number[]) =>
  (address: Code, value: Code, offset = 0) => [...address, ...value, ...opcode, 0, ...unsigned(offset)];

/** 32-bit integers (WebAssembly core specification 2.0, section 5.4). */
export const i32 = {
  of: (value: number): Code => [0x41, ...signed(value)],
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  shiftLeft: binary(0x74),
  shiftRight: binary(0x76),
  isLess: binary(0x49),
  /** `a` where `condition` is not 0, else `b`. */
  select: (condition: Code, a: Code, b: Code): Code => [...a, ...b, ...condition, 0x1b],
  load: load([0x28]),
  loadByte: load([0x2d]),
  store: store([0x36]),
  storeByte: store([0x3a]),
} as const;

/** 128 bits at once, as 8 x 16, 4 x 32 or 2 x 64 bits. */
export const v128 = {
  zero: [...simd(12), ...new Array<number>(16).fill(0)] as Code,
  load: load(simd(0)),
  /** 8 bytes as 8 unsigned 16-bit numbers. */
  loadBytes: load(simd(2)),
  store: store(simd(11)),
  splat16: simdUnary(16),
  and: simdBinary(78),
  add16: simdBinary(142),
  sub16: simdBinary(145),
  shiftLeft16: simdBinary(139),
  /** Products of 16-bit numbers with a sign, pairs added to four 32-bit numbers. */
  dot: simdBinary(186),
  /** The lower four unsigned 16-bit numbers as 32-bit ones. */
  widen: simdUnary(169),
  splat32: simdUnary(17),
  add32: simdBinary(174),
  mul32: simdBinary(181),
  shiftRight32: simdBinary(173),
  add64: simdBinary(206),
  /** The lower two 32-bit numbers with a sign as 64-bit ones; `widenHigh32` the upper two. */
  widen32: simdUnary(199),
  widenHigh32: simdUnary(200),
  lane32: (a: Code, lane: number): Code => [...a, ...simd(27), lane],
} as const;

/** `for (variable = from; variable < to; variable += step) body`, all unsigned. */
export function loop(variable: Local, from: Code, to: Code, step: number, body: readonly Code[]): Code {
  return [
    ...variable.set(from),
    ...[0x02, 0x40, 0x03, 0x40],
    // Out of the block where it is done.
    ...[...variable.get, ...to, 0x4f, 0x0d, 1],
    ...body.flat(),
    ...variable.set(i32.add(variable.get, i32.of(step))),
    ...[0x0c, 0, 0x0b, 0x0b],
  ];
}

/** What is needed of the engine's WebAssembly, which no types of Node's declare. */
interface Engine {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): void };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}
const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;

/** A module that was compiled: its functions, and the memory they work in. */
export interface WasmKernel {
  readonly functions: Readonly<Record<string, (...args: number[]) => void>>;
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Makes the memory no smaller than this; buffers taken of it before are void. */
  readonly reserve: (bytes: number) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: functions of one module differ in the names of their locals.
type AnyFunction = WasmFunction<any, any>;

/** Compiles functions into a module with a memory of its own. */
export function compile(functions: readonly AnyFunction[]): WasmKernel {
  const memory = new engine.Memory({ initial: 1 });
  const { exports } = new engine.Instance(new engine.Module(assemble(functions)), { env: { memory } });
  const reserve = (bytes: number): void => {
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
  };
  return { functions: exports as WasmKernel['functions'], memory, reserve };
}

/** The binary of a module with one imported memory, `env.memory`, that exports the functions by their names. */
function assemble(functions: readonly AnyFunction[]): Uint8Array {
  const text = (value: string) => [...unsigned(value.length), ...new TextEncoder().encode(value)];
  const list = (entries: readonly (readonly number[])[]) => [...unsigned(entries.length), ...entries.flat()];
  const section = (id: number, content: readonly number[]) => [id, ...unsigned(content.length), ...content];
  const signature = ({ parameters }: AnyFunction) => [0x60, ...list(parameters.map(() => [types.i32])), ...list([])];
  const code = ({ parameters, locals, body }: AnyFunction) => {
    const added = Object.entries(locals) as [string, LocalType][];
    const named = [...parameters, ...added.map(([name]) => name)].map((name, index): [string, Local] => [
      name,
      { get: [0x20, index], set: (value) => [...value, 0x21, index] },
    ]);
    const declared = list(added.map(([, type]) => [1, types[type]]));
    const content = [...declared, ...body(Object.fromEntries(named)).flat(), 0x0b];
    return [...unsigned(content.length), ...content];
  };
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(functions.map(signature))),
    ...section(2, list([[...text('env'), ...text('memory'), 2, 0, 1]])),
    ...section(3, list(functions.map((_, index) => [index]))),
    ...section(7, list(functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]))),
    ...section(10, list(functions.map(code))),
  ]);
}

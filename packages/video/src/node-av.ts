/**
 * The little of `node-av` that is used here. Declared, not imported: the package is optional, and Fovea must compile and
 * run where it is not installed. Calls return a negative number for an error, as FFmpeg's own do.
 */
export interface NodeAv {
  readonly FormatContext: new () => {
    openInputSync(url: string, format: null, options: unknown): number;
    findStreamInfoSync(): number;
    readFrameSync(packet: Packet): number;
    seekFrameSync(streamIndex: number, stamp: bigint, flags: number): number;
    closeInputSync(): void;
    readonly iformat: { readonly name: string | null } | null;
    readonly streams: readonly Stream[];
    /** Microseconds, or AV_NOPTS_VALUE. */
    readonly startTime: bigint;
    readonly duration: bigint;
  };
  readonly Codec: { findDecoder(id: number): object | null };
  readonly CodecContext: new () => CodecContext;
  readonly Packet: new () => Packet;
  readonly Frame: new () => Frame;
  readonly SoftwareScaleContext: new () => Scaler;
  readonly Dictionary: { fromObject(options: Record<string, string>): unknown };
  readonly FFmpegError: { strerror?(code: number): string };
  avGetCodecName(id: number): string | null;
  readonly Log: { setLevel(level: number): void };
}

export interface Rational {
  readonly num: number;
  readonly den: number;
}

export interface Stream {
  readonly timeBase: Rational;
  readonly avgFrameRate: Rational;
  /** The base rate, as guessed from the time stamps. */
  readonly rFrameRate: Rational;
  /** 0 where the header does not tell. */
  readonly nbFrames: bigint;
  readonly duration: bigint;
  readonly disposition: number;
  readonly codecpar: {
    readonly codecId: number;
    readonly codecType: number;
    readonly width: number;
    readonly height: number;
    getCodedSideData(type: number): Buffer | null;
  };
}

export interface CodecContext {
  threadCount: number;
  allocContext3(codec: object): void;
  setOption(name: string, value: number): number;
  parametersToContext(parameters: object): number;
  open2Sync(codec: object, options: null): number;
  flushBuffers(): void;
  sendPacketSync(packet: Packet | null): number;
  receiveFrameSync(frame: Frame): number;
  freeContext(): void;
}

export interface Packet {
  readonly streamIndex: number;
  readonly pts: bigint;
  readonly dts: bigint;
  readonly duration: bigint;
  alloc(): void;
  unref(): void;
  free(): void;
}

export interface Frame {
  width: number;
  height: number;
  format: number;
  readonly bestEffortTimestamp: bigint;
  readonly keyFrame: number;
  alloc(): void;
  allocBuffer(): number;
  toBuffer(): Buffer;
  unref(): void;
  free(): void;
}

export interface Scaler {
  getContext(w: number, h: number, format: number, toW: number, toH: number, toFormat: number, flags: number): void;
  scaleFrameSync(to: Frame, from: Frame): number;
  freeContext(): void;
}

/** FFmpeg's own constants, stable across its versions. */
export const AVMEDIA_TYPE_VIDEO = 0;
export const AVMEDIA_TYPE_AUDIO = 1;
export const AV_PIX_FMT_RGB24 = 2;
export const SWS_BILINEAR = 2;
export const SWS_AREA = 32;
export const AV_PKT_DATA_DISPLAYMATRIX = 5;
export const AV_DISPOSITION_ATTACHED_PIC = 1024;
export const AVSEEK_FLAG_BACKWARD = 1;
export const AV_LOG_QUIET = -8;
export const AVERROR_EOF = -541478725;
export const AV_NOPTS_VALUE = -9223372036854775808n;

/** @throws whatever stops the package from loading */
export async function loadNodeAv(): Promise<NodeAv> {
  // A name that is not a literal keeps the compiler from wanting the package.
  const name = ['node-av', 'lib'].join('/');
  const library = (await import(name)) as NodeAv;
  library.Log.setLevel(AV_LOG_QUIET);
  return library;
}

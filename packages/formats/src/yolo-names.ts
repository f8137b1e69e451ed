import type { Skeleton } from '@fovea/annotations';
import { isRecord } from './json-file.js';
import { skeletonOf } from './picture-record.js';

/** What a YOLO data file says that matters here. */
export interface YoloData {
  /** By class index. */
  readonly names?: string[];
  readonly task?: string;
  /** How many key points an object has, and of how many numbers each: 2 or 3. */
  readonly keypointShape?: readonly [count: number, numbers: number];
  /** Fovea writes them beside what YOLO knows. */
  readonly skeletons?: Readonly<Record<string, Skeleton>>;
}

/** Reads a YOLO data file's text. */
export function parseYoloData(yaml: string): YoloData {
  const names = parseYoloNames(yaml);
  const task = /^task\s*:\s*["']?(\w+)/m.exec(yaml)?.[1]?.toLowerCase();
  const shape =
    /^kpt_shape\s*:\s*(?:\[\s*(\d{1,4})\s*,\s*([23])\s*\]|\r?\n\s*-\s*(\d{1,4})\s*\r?\n\s*-\s*([23]))/m.exec(yaml);
  const [count, numbers] = [Number(shape?.[1] ?? shape?.[3]), Number(shape?.[2] ?? shape?.[4])];
  const skeletons = readSkeletons(/^skeletons\s*:\s*(\{.*\})\s*$/m.exec(yaml)?.[1]);
  return {
    ...(names && { names }),
    ...(task !== undefined && { task }),
    ...(shape && count > 0 && { keypointShape: [count, numbers] as const }),
    ...(skeletons && { skeletons }),
  };
}

function readSkeletons(json: string | undefined): Record<string, Skeleton> | undefined {
  if (json === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(json);
    if (!isRecord(parsed)) return undefined;
    return Object.fromEntries(
      Object.entries(parsed).flatMap(([name, value]) => {
        const skeleton = skeletonOf(value);
        return skeleton ? [[name, skeleton]] : [];
      }),
    );
  } catch {
    return undefined; // Another tool's key of the same name.
  }
}

/**
 * Class names from a YOLO data file's text, in order of class index, or undefined when it lists none. Reads the three
 * ways `names` is written in YAML (a flow list, a block list, a map from index to name) and nothing else of YAML.
 *
 * ```yaml
 * names: [ant, 'bee']        names:        names:
 *                              - ant         0: ant
 *                              - bee         1: bee
 * ```
 */
export function parseYoloNames(yaml: string): string[] | undefined {
  const lines = yaml.split(/\r?\n/);
  const at = lines.findIndex((line) => /^names\s*:/.test(line));
  if (at < 0) return undefined;

  const rest = stripComment(lines[at]!.replace(/^names\s*:/, '')).trim();
  if (rest.startsWith('[') || rest.startsWith('{')) {
    const tail = [rest, ...lines.slice(at + 1).map(stripComment)].join(' ');
    const items = splitFlow(tail);
    return rest.startsWith('[') ? items.map(unquote) : fromPairs(items);
  }

  const block: string[] = [];
  for (const line of lines.slice(at + 1)) {
    const text = stripComment(line);
    if (text.trim() === '') continue;
    if (!/^(\s+|- ?)/.test(text)) break;
    block.push(text.trim());
  }
  if (block.length === 0) return undefined;
  if (block.every((line) => line.startsWith('-'))) return block.map((line) => unquote(line.slice(1)));
  return fromPairs(block);
}

function fromPairs(pairs: readonly string[]): string[] | undefined {
  const names: string[] = [];
  for (const pair of pairs) {
    const match = /^["']?(\d+)["']?\s*:\s*(.*)$/.exec(pair.trim());
    if (!match || Number(match[1]) > 100_000) return undefined;
    names[Number(match[1])] = unquote(match[2]!);
  }
  return Array.from(names, (name, index) => name ?? `class_${index}`);
}

/** A quoted text: double quotes with escapes, single ones with a doubled quote for one. */
const QUOTED = /^\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/;

/** The items of a flow list or map from its bracket to the one that closes it. */
function splitFlow(text: string): string[] {
  const items: string[] = [];
  let item = '';
  for (let at = 1; at < text.length; at++) {
    const quoted = item.trim() === '' || /:\s*$/.test(item) ? QUOTED.exec(text.slice(at, at + 2000))?.[0] : undefined;
    if (quoted !== undefined) {
      item += quoted;
      at += quoted.length - 1;
      continue;
    }
    const character = text[at]!;
    if (character === ',' || character === ']' || character === '}') {
      if (item.trim() !== '') items.push(item);
      item = '';
      if (character !== ',') break;
    } else item += character;
  }
  return items;
}

/** The line without what follows a `#` outside of quotes. */
function stripComment(line: string): string {
  const match = /^(\s*(?:-\s*|["']?\w+["']?\s*:\s*)?)(.*)$/.exec(line)!;
  const quoted = QUOTED.exec(match[2]!)?.[0];
  if (quoted !== undefined) return match[1]! + quoted + match[2]!.slice(quoted.length).replace(/(^|\s)#.*$/, '');
  return line.replace(/(^|\s)#.*$/, '');
}

function unquote(text: string): string {
  const trimmed = text.trim();
  const quoted = QUOTED.exec(trimmed)?.[0];
  if (quoted === undefined || quoted !== trimmed) return trimmed;
  if (quoted.startsWith("'")) return quoted.slice(1, -1).replaceAll("''", "'");
  try {
    return JSON.parse(quoted);
  } catch {
    return quoted.slice(1, -1); // An escape that JSON does not know.
  }
}

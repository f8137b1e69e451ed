import type { DatasetBuilder } from './dataset-builder.js';
import type { DatasetFolder } from './folder.js';

/** An object of JSON, nothing of it known yet. */
export type Json = Record<string, unknown>;

/** The JSON object in a file, or undefined with the problem reported. */
export async function readJson(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
): Promise<Json | undefined> {
  const text = await folder.readText(file);
  if (typeof text !== 'string') {
    builder.problems.push(text);
    return undefined;
  }
  return parseJson(text, builder, { file });
}

/** {@link readJson} of a text, such as a line of a file. */
export function parseJson(
  text: string,
  builder: DatasetBuilder,
  { file, line }: { readonly file: string; readonly line?: number },
): Json | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const what = line === undefined ? 'file' : 'line';
    const reason = `The ${what} is not JSON (${(error as Error).message.slice(0, 120)}); nothing of it was read.`;
    builder.problem({ file, ...(line === undefined ? lineOfJsonError(text, error) : { line }) }, 'broken_file', reason);
    return undefined;
  }
  if (isRecord(json)) return json;
  builder.problem({ file, ...(line !== undefined && { line }) }, 'missing_field', `It is no JSON object; not read.`);
  return undefined;
}

function lineOfJsonError(text: string, error: unknown): { line?: number } {
  const position = /position (\d+)/.exec((error as Error).message)?.[1];
  return position === undefined ? {} : { line: text.slice(0, Number(position)).split('\n').length };
}

/** The objects in what should be a list of them. */
export function asRecords(list: unknown): Json[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

/** Whether it is an object with named values. */
export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is a list of numbers, perhaps of a length. NaN is none in JSON, and huge ones are infinite. */
export function isNumbers(value: unknown, length?: number): value is number[] {
  return (
    Array.isArray(value) &&
    (length === undefined || value.length === length) &&
    value.every((each) => typeof each === 'number' && Number.isFinite(each))
  );
}

/** A value for a sentence, short. */
export function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

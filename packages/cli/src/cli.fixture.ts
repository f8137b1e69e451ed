import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderSamplePicture } from '@fovea/image';

const bin = fileURLToPath(new URL('../bin/fovea.js', import.meta.url));

/** What a finished command left. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command: what it has said so far, and what becomes of it. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when the pattern stands in what was said on stdout or stderr; rejects when the command ends without it. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts `fovea` as its own process, in a folder, as a user would. */
export function start(folder: string, args: readonly string[]): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...process.env, FOVEA_HOME: join(folder, 'home') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  const notify = () => {
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    notify();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    notify();
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    finished,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stdout) ?? pattern.exec(stderr);
          if (!found) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        void finished.then((end) =>
          reject(new Error(`ended (${end.code}) without ${pattern}:\n${end.stdout}\n${end.stderr}`)),
        );
      }),
  };
}

/** Runs `fovea` to its end. */
export function run(folder: string, ...args: string[]): Promise<Finished> {
  return start(folder, args).finished;
}

/** A command's exit code and JSON object; each command's has its own shape, which the tests hold against theirs. */
export interface JsonOutcome {
  readonly code: number | null;
  readonly json: ReturnType<typeof JSON.parse>;
  readonly stderr: string;
}

/** Runs `fovea … --json` to its end; stdout must be one JSON object and nothing else. */
export async function runJson(folder: string, ...args: string[]): Promise<JsonOutcome> {
  const { code, stdout, stderr } = await run(folder, ...args, '--json');
  if (!/^\{.*\}\n$/.test(stdout)) throw new Error(`stdout is not one JSON object:\n${stdout}\n${stderr}`);
  return { code, json: JSON.parse(stdout), stderr };
}

/** A folder of its own for a test. */
export async function makeFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'fovea-cli-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }) };
}

/** Writes a small labelled folder (CSV corners) of rendered pictures; returns how many boxes they have. */
export async function writeDataset(folder: string, pictures: number, firstSeed = 5000): Promise<number> {
  await mkdir(folder, { recursive: true });
  const rows = ['image,xmin,ymin,xmax,ymax,label'];
  for (let index = 0; index < pictures; index++) {
    const { bytes, annotations } = await renderSamplePicture(firstSeed + index);
    await writeFile(join(folder, `p${index}.jpg`), bytes);
    for (const { className, box } of annotations) rows.push([`p${index}.jpg`, ...box, className].join(','));
  }
  await writeFile(join(folder, 'boxes.csv'), `${rows.join('\n')}\n`);
  return rows.length - 1;
}

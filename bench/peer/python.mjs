// The Python that peers run in: PyTorch and torchvision from PyPI in a folder for temporary files, installed once (several
// GB: PyPI's PyTorch for Linux brings its GPU libraries). Fovea never needs it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const folder = join(tmpdir(), 'fovea-bench-python');
const interpreter = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const lock = `${folder}.lock`;

function importsPeer() {
  if (!existsSync(interpreter)) return false;
  try {
    execFileSync(interpreter, ['-c', 'import torch, torchvision'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Installs the peer once; several benchmarks share it, and a lock folder keeps them apart. */
export async function installPeer() {
  for (let waited = 0; ; waited++) {
    if (!existsSync(lock) && importsPeer()) return;
    try {
      mkdirSync(lock);
      break;
    } catch (cause) {
      if (cause.code !== 'EEXIST') throw cause;
      const held = existsSync(lock) ? Date.now() - statSync(lock).mtimeMs : 0;
      if (held > 3_600_000) throw new Error(`${lock} is older than an hour: remove it if nothing is being installed`);
      if (waited === 0) console.error(`waiting for another installation of the peer (${lock})`);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    }
  }
  try {
    console.error(`installing torch and torchvision into ${folder}`);
    const command = process.platform === 'win32' ? 'python' : 'python3';
    execFileSync(command, ['-m', 'venv', folder], { stdio: ['ignore', 2, 2] });
    execFileSync(interpreter, ['-m', 'pip', 'install', '--quiet', 'torch', 'torchvision'], { stdio: ['ignore', 2, 2] });
  } finally {
    rmdirSync(lock);
  }
  if (!importsPeer()) throw new Error('torch and torchvision were installed but cannot be imported');
}

/** A process that answers each line of JSON with one; `hello` is what it says first. */
export async function startProcess(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${args[0]} ended early; its reason is above`);
    return JSON.parse(value);
  };
  return {
    hello: await answer(),
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    stop: () => child.stdin.end(),
  };
}

/** A process of the peer, see {@link startProcess}. */
export const startPeer = (args) => startProcess(interpreter, args);

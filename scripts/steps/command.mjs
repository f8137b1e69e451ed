import { spawn } from 'node:child_process';
import { root } from './root.mjs';

/** A step that failed; its message is all that is shown, the command's own output stands above it. */
export class StepError extends Error {}

/**
 * Runs a program in the repository and resolves with its exit code; `quiet` keeps its output back and resolves with it,
 * for steps whose output matters only when they fail.
 */
export function command(program, args, { quiet = false, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: signal ? 1 : code, signal, output }));
  });
}

/** Runs a Node script of the repository, by its path from the root. */
export function node(script, args = [], options = {}) {
  return command(process.execPath, [script, ...args], options);
}

/** Runs a script's main and turns what it throws into an exit code: a StepError into its sentence, a bug into its stack. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    process.stderr.write(`${error instanceof StepError ? error.message : (error?.stack ?? error)}\n`);
    process.exitCode = 1;
  }
}

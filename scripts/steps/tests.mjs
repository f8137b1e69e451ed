import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { node } from './command.mjs';

/**
 * Runs vitest over the built tests and counts. A file that could not be loaded counts as one failed test, and so does a
 * run without a result: nothing that went wrong may look like nothing to do.
 */
export async function runTests(args = [], { env = {}, reporter = 'default' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fovea-tests-'));
  const file = join(folder, 'result.json');
  try {
    const { code } = await node(
      'node_modules/vitest/vitest.mjs',
      ['run', `--reporter=${reporter}`, '--reporter=json', `--outputFile.json=${file}`, ...args],
      { env },
    );
    return count(file, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(file, code) {
  let result;
  try {
    result = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0, ok: false };
  }
  const unloadable = result.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
  );
  const failed = result.numFailedTests + unloadable.length;
  return {
    passed: result.numPassedTests,
    // An error outside of any test (an unhandled rejection) shows only in the exit code.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    // By subtraction: vitest has several words for a test that was not run, and counts not all of them.
    skipped: result.numTotalTests - result.numPassedTests - result.numFailedTests,
    ok: code === 0 && failed === 0,
  };
}

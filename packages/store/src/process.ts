import { readFileSync } from 'node:fs';
import { systemCode } from './error.js';

/** Whether a process with this id runs, as anybody's. One that has ended but was not waited for (a zombie) does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // In a container the first process may never wait for those it inherits. "pid (name) state …"; names may hold blanks.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return true;
  }
}

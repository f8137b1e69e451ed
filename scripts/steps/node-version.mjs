/** Least Node that Fovea runs on: package.json's engines, repeated here since an old Node must be able to read this file. */
const least = [20, 19];

/** Ends the process with a sentence when Node is too old to run what follows. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > least[0] || (major === least[0] && minor >= least[1])) return;
  process.stderr.write(
    `Fovea needs Node ${least.join('.')} or newer; this is Node ${process.versions.node} (${process.execPath}). ` +
      'Install a newer one from https://nodejs.org or your package manager, and start again.\n',
  );
  process.exit(1);
}

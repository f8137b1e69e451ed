// `node scripts/check-docs.mjs`: holds the documentation against the repository. Links and paths in prose lead to what
// exists; npm scripts, `fovea …` commands and their flags, environment variables and API routes named are real; and
// docs/cli.md is the command line's own help, which `--write` renews. Needs a build (`npm run build`).
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { command, main } from './steps/command.mjs';
import { filesBelow } from './steps/fingerprint.mjs';
import { root } from './steps/root.mjs';

const cliPage = 'docs/cli.md';
const npmOwn = new Set(['ci', 'install', 'exec', 'config', 'pack']);
const read = (path) => readFileSync(join(root, path), 'utf8');

/** Checks every page; returns the sentences of what is wrong, none when all is well. */
export async function checkDocs({ write = false } = {}) {
  const help = await readHelp();
  const wanted = cliPageOf(help);
  if (write) writeFileSync(join(root, cliPage), wanted);
  const faults = [];
  if (!existsSync(join(root, cliPage)) || read(cliPage) !== wanted) {
    faults.push(`${cliPage} is not the command line's help: renew it by node scripts/check-docs.mjs --write`);
  }
  const facts = { help, ...readFacts(), routes: await readRoutes() };
  for (const page of pages()) {
    const text = read(page);
    const found = [
      ...linkFaults(page, text),
      ...pathFaults(text, facts),
      ...commandFaults(text, facts),
      ...nameFaults(text, facts),
    ];
    faults.push(...new Set(found.map((fault) => `${page}: ${fault}`)));
  }
  return faults;
}

function pages() {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...top, ...filesBelow('docs').filter((name) => name.endsWith('.md') && name !== cliPage)];
}

/** What the repository has that pages speak of. */
function readFacts() {
  const rooms = readdirSync(join(root, 'packages'));
  const sources = rooms.flatMap((room) =>
    ['src', 'bin', 'e2e', 'migrations', 'vite.config.ts'].map((part) => `packages/${room}/${part}`),
  );
  const files = [...sources, 'scripts', 'bench', 'docs', '.ci'].flatMap(filesBelow);
  const variables = new Set(
    files
      .filter((file) => /\.(m?[jt]s|tsx)$/.test(file) && file !== 'scripts/check-docs.mjs')
      .flatMap((file) => read(file).match(/\b(?:FOVEA|ONNXRUNTIME)_[A-Z_]+\b/g) ?? []),
  );
  const names = new Set(files.map((file) => file.slice(file.lastIndexOf('/') + 1)));
  return { rooms, variables, names };
}

/** The help of the program (under '') and of each command, as a person sees it at 80 columns. */
async function readHelp() {
  const ask = async (...args) => {
    const { code, output } = await command(process.execPath, ['packages/cli/bin/fovea.js', ...args, '--help'], {
      quiet: true,
    });
    if (code !== 0) throw new Error(`fovea ${args.join(' ')} --help ended with ${code}: ${output}`);
    return output.trimEnd();
  };
  const top = await ask();
  const commandsOf = (text) => {
    const at = text.indexOf('\nCommands:');
    const names = at < 0 ? [] : [...text.slice(at).matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name);
    return names.filter((name) => name !== 'help');
  };
  const askAll = async (text, before) => {
    const commands = commandsOf(text).map((name) => [...before, name]);
    const texts = await Promise.all(commands.map((names) => ask(...names)));
    const below = await Promise.all(commands.map((names, index) => askAll(texts[index], names)));
    return commands.flatMap((names, index) => [[names.join(' '), texts[index]], ...below[index]]);
  };
  return new Map([['', top], ...(await askAll(top, []))]);
}

function cliPageOf(help) {
  const sections = [...help].map(([name, text]) => `## fovea${name && ` ${name}`}\n\n\`\`\`text\n${text}\n\`\`\`\n`);
  return `# The command line\n\nWritten by \`node scripts/check-docs.mjs --write\` from the command line's own help.\n\n${sections.join('\n')}`;
}

async function readRoutes() {
  const built = join(root, 'packages/api/dist/routes/index.js');
  const routes = Object.values(await import(pathToFileURL(built).href)).filter((each) => each?.path && each.method);
  return [...routes.map((each) => each.path), '/openapi.json'].map(
    (path) => new RegExp(`^/api/v1${path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
  );
}

/** Relative links lead to files, and their fragments to headings. */
function linkFaults(page, text) {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path, fragment] = target.split('#');
    const file = path ? relative(root, join(root, dirname(page), path)) : page;
    if (file.startsWith('..') || !existsSync(join(root, file))) return [`the link ${target} leads nowhere`];
    if (!fragment || !file.endsWith('.md') || headings(read(file)).includes(fragment)) return [];
    return [`the link ${target} names no heading of ${file}`];
  });
}

function headings(text) {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/**
 * Paths in code spans: those that begin with an entry of the repository (`scripts/…`) or a room (`nn/src/…`, meaning
 * packages/nn/src/…) exist, `*` matching; a source file named alone exists somewhere. `<…>` stands for what varies.
 */
function pathFaults(text, { rooms, names }) {
  const entries = new Set(readdirSync(root));
  const spans = text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g);
  return [...spans].flatMap(([, span]) => {
    if (!/^[\w.@*-]+(\/[\w.@*-]+)*\/?$/.test(span)) return [];
    const [first, ...rest] = span.split('/');
    const isSource = /[\w-]\.(tsx?|mjs|sql|proto)$/.test(span) && !span.includes('*');
    if (rest.length === 0)
      return isSource && !names.has(span) && !existsSync(join(root, span)) ? [`there is no ${span}`] : [];
    const isEntry = entries.has(first) && first !== 'node_modules';
    const isRoom = rooms.includes(first) && ['src', 'dist', 'e2e', 'bin', 'proto', 'migrations'].includes(rest[0]);
    if (!isEntry && !isRoom) return isSource ? [`${span} begins with no room and no folder of the repository`] : [];
    const path = isEntry ? span : `packages/${span}`;
    return leadsSomewhere(path) ? [] : [`there is no ${span}`];
  });
}

/** Whether a path from the root leads to something; `*` stands for any part of one name. */
function leadsSomewhere(path) {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.reduce((folders, part) => folders.flatMap((folder) => entriesOf(folder, part)), ['.']).length > 0;
}

function entriesOf(folder, part) {
  if (!part.includes('*')) return existsSync(join(root, folder, part)) ? [`${folder}/${part}`] : [];
  if (!statSync(join(root, folder)).isDirectory()) return [];
  const pattern = new RegExp(`^${part.replace(/[.+]/g, '\\$&').replaceAll('*', '.*')}$`);
  return readdirSync(join(root, folder))
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);
}

/** Commands in code spans and shell blocks. */
function commandFaults(text, facts) {
  const blocks = [...text.matchAll(/^```(?:sh|bash)\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    block.replace(/\\\n/g, ' ').split('\n'),
  );
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span]) => span.replace(/\s+/g, ' '));
  return [...blocks, ...spans].flatMap((line) => {
    const words = line
      .trim()
      .replace(/^\$ /, '')
      .replace(/^(?:[A-Z_]+=\S+ )+/, '')
      .split(/\s+/);
    const at = words[0] === 'npx' && words[1] === 'fovea' ? 1 : 0;
    if (words[at] === 'fovea') return foveaFaults(words.slice(at + 1), facts);
    if (words[0] === 'npm') return npmFaults(words.slice(1), facts);
    if (words[0] === 'node' && /^(scripts|packages|bench)\//.test(words[1] ?? '')) {
      return existsSync(join(root, words[1])) ? [] : [`there is no ${words[1]} to run`];
    }
    return [];
  });
}

function npmFaults([verb, ...rest], facts) {
  if (verb === undefined || npmOwn.has(verb) || verb.startsWith('-')) return [];
  const script = verb === 'run' ? rest[0] : verb;
  const workspace = rest.includes('--workspace') ? `${rest[rest.indexOf('--workspace') + 1]}/` : '';
  const manifest = `${workspace}package.json`;
  if (!existsSync(join(root, manifest))) return [`there is no ${manifest}`];
  const { scripts } = JSON.parse(read(manifest));
  if (!Object.hasOwn(scripts, script)) return [`${manifest} has no script "${script}"`];
  const args = rest.includes('--') ? rest.slice(rest.indexOf('--') + 1) : [];
  if (script === 'start') return foveaFaults(['serve', ...args], facts);
  if (script === 'bench' && /^[\w-]+$/.test(args[0] ?? '-') && !existsSync(join(root, `bench/${args[0]}.mjs`))) {
    return args.length > 0 ? [`there is no benchmark ${args[0]}`] : [];
  }
  return [];
}

function foveaFaults(words, { help }) {
  const first = words[0] === undefined || /^[-<…]/.test(words[0]) ? '' : words[0];
  const name = help.has(`${first} ${words[1]}`) ? `${first} ${words[1]}` : first;
  if (!help.has(name)) return [`the command line has no "fovea ${name}"`];
  return words.flatMap((word) => {
    const flag = /^--?[a-z][a-z-]*/.exec(word)?.[0];
    if (!flag || new RegExp(`(^|[\\s,])${flag}(?![\\w-])`, 'm').test(help.get(name))) return [];
    return [`"fovea ${name}" has no ${flag}`];
  });
}

/** Environment variables and API routes that pages name. */
function nameFaults(text, { variables, routes }) {
  const named = [...new Set(text.match(/\bFOVEA_[A-Z_]+\b/g))].filter((name) => !variables.has(name));
  const paths = [...text.matchAll(/\/api\/v1(?:\/[\w.{}@<>-]+)+/g)].map(([path]) => path.replace(/[.,]+$/, ''));
  return [
    ...named.map((name) => `nothing reads the environment variable ${name}`),
    ...paths.filter((path) => !routes.some((route) => route.test(path))).map((path) => `the API has no ${path}`),
  ];
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const faults = await checkDocs({ write: process.argv.includes('--write') });
    for (const fault of faults) console.error(fault);
    console.log(faults.length === 0 ? 'The documentation holds.' : `${faults.length} faults in the documentation.`);
    return faults.length === 0 ? 0 : 1;
  });
}

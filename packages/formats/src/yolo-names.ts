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
    const body = tail.slice(1, tail.indexOf(rest.startsWith('[') ? ']' : '}'));
    const items = splitOutsideQuotes(body);
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

function splitOutsideQuotes(text: string): string[] {
  return (text.match(/\s*("[^"]*"|'[^']*'|[^,]+)\s*(?:,|$)/g) ?? [])
    .map((item) => item.replace(/,\s*$/, ''))
    .filter((item) => item.trim() !== '');
}

function stripComment(line: string): string {
  return line.replace(/(^|\s)#.*$/, '');
}

function unquote(text: string): string {
  return text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim();
}

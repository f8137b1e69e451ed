import { CommanderError } from 'commander';
import { createProgram } from './program.js';
import { createTerminal } from './terminal.js';

/** Exit codes: 0 done, 1 failed or stopped, 2 used wrongly. */
export type ExitCode = 0 | 1 | 2;

/**
 * Runs one command line. The only place of the command line where errors are caught: a person reads the sentence on
 * stderr, a program the code in the JSON object on stdout.
 *
 * @param argv the arguments after `fovea`
 */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  const json = argv.includes('--json');
  const terminal = createTerminal({ json, stdout: process.stdout, stderr: process.stderr });
  // `fovea models | head`: a reader that has seen enough is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const stop = new AbortController();
  const onSignal = () => {
    // The second Ctrl-C does not wait for anything.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  // Connections to a home let the process end while they idle; a command is not over before it says so.
  const alive = setInterval(() => undefined, 2 ** 30);
  let exitCode: ExitCode = 0;
  const program = createProgram(async (_options, command) => {
    const outcome = await command({ terminal, signal: stop.signal });
    terminal.endProgress();
    for (const line of outcome.lines) terminal.print(line);
    if (outcome.json) terminal.json(outcome.json);
    exitCode = outcome.exitCode;
  });
  const all = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of [program, ...all]) command.exitOverride();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    terminal.endProgress();
    if (error instanceof CommanderError) {
      // Help and version asked for end well; commander has printed what there is to say.
      if (error.exitCode === 0) return 0;
      terminal.json({ error: { code: 'misused', message: error.message.replace(/^error: /, '') } });
      return 2;
    }
    return fail(error, stop.signal.aborted);
  } finally {
    clearInterval(alive);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  }

  function fail(error: unknown, aborted: boolean): ExitCode {
    const { code, message, details, stack } = error as Error & { code?: unknown; details?: unknown };
    const known = typeof code === 'string' && /^[a-z][a-z0-9_]*$/.test(code);
    if (aborted && !known) {
      terminal.say('Stopped.');
      terminal.json({ error: { code: 'stopped_early', message: 'Stopped.' } });
      return 1;
    }
    terminal.say(known ? message : `Something went wrong inside Fovea: ${stack ?? String(error)}`);
    terminal.json({
      error: known ? { code, message, details } : { code: 'internal', message: String(message ?? error) },
    });
    // The one name on the command line that is from a fixed list, as wrong as an unknown option.
    return code === 'unknown_format' ? 2 : 1;
  }
}

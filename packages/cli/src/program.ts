import { FORMAT_NAMES } from '@fovea/formats/names';
import { version } from '@fovea/server/version';
import { Command, Option } from 'commander';
import { integer, number, serverUrl } from './arguments.js';
import type { Outcome } from './outcome.js';
import type { Session } from './session.js';
import { addTrainOptions } from './train-options.js';

/** Runs a command in a session made for it, and shows its outcome. */
export type Perform = (options: { json?: boolean }, command: (session: Session) => Promise<Outcome>) => Promise<void>;

/**
 * The command line as data: every command with its options and help. Commands are loaded when they run, so that
 * `fovea --help` does not wait for a database driver and an inference engine.
 */
export function createProgram(perform: Perform): Command {
  const program = new Command('fovea')
    .description('Fovea: pictures and video go in, a detector that works comes out.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(--help shows how it is used)');

  const command = (usage: string, description: string, remote = true, parent = program) => {
    const made = parent
      .command(usage)
      .description(description)
      .addOption(new Option('--home <folder>', 'the home folder (default: FOVEA_HOME, else ./fovea-home)'))
      .option('--json', 'print one JSON object on stdout');
    const server = new Option('--server <url>', 'work on the Fovea server at this address instead').argParser(
      serverUrl,
    );
    return remote ? made.addOption(server.conflicts('home')) : made;
  };
  const projectOption = () => new Option('--project <name>', 'the project').makeOptionMandatory();
  const modelOption = () =>
    new Option('--model <name>', 'the model: name, name@alias or name@version').makeOptionMandatory();
  const classNamesOption = () =>
    new Option(
      '--class-names <names>',
      'names of the classes from number 0 on, with commas between, for labels without names',
    ).argParser((text: string) => text.split(',').map((name) => name.trim()));
  const formatOption = () =>
    new Option(
      '--format <format>',
      `how it is labelled: ${FORMAT_NAMES.slice(0, -1).join(', ')} or ${FORMAT_NAMES.at(-1)} (default: detected)`,
    );

  command('import <path>', 'import a labelled folder into a project, which is made where there is none')
    .addOption(projectOption())
    .addOption(formatOption())
    .addOption(classNamesOption())
    .action((path: string, options) =>
      perform(options, async (session) => (await import('./commands/import.js')).importCommand(path, options, session)),
    );

  command(
    'ingest <source>',
    'take pictures and videos into a project: a file, folder, pattern, archive, URL or s3:// URL',
  )
    .addOption(projectOption())
    .option('--watch', 'keep the project in step with the folder until Ctrl-C')
    .addOption(
      new Option('--every <seconds>', 'of videos, a frame each so many seconds (default: 1)')
        .argParser(number(0.001, 86_400))
        .conflicts(['scenes', 'allFrames']),
    )
    .addOption(new Option('--scenes', 'of videos, a frame for each scene').conflicts('allFrames'))
    .option('--all-frames', 'of videos, every frame')
    .option('--copy-frames', 'store frames as pictures; otherwise they are read from their video when needed')
    .option('--allow-private-addresses', 'let URLs lead to this machine and its network')
    .action((source: string, options) =>
      perform(options, async (session) =>
        (await import('./commands/ingest.js')).ingestCommand(source, options, session),
      ),
    );

  command('query <sql>', 'answer one SELECT over media, annotations, predictions, embeddings, tags, classes, videos')
    .addOption(projectOption())
    .option('--limit <n>', 'most rows shown (default: 1000)', integer(1, 10_000))
    .option('--timeout <seconds>', 'end it after so long (default: 30; with --out 120)', number(0.1, 600))
    .option('--out <file>', 'write all rows to a .parquet, .csv or .jsonl file')
    .addOption(
      new Option('--format <format>', 'of the file, where its name does not say').choices(['parquet', 'csv', 'jsonl']),
    )
    .action((sql: string, options) =>
      perform(options, async (session) => (await import('./commands/query.js')).queryCommand(sql, options, session)),
    );

  command('embed', "compute the vectors of a project's pictures, by which similar ones are found")
    .addOption(projectOption())
    .requiredOption('--model <name>', 'a pretrained or registered model, or pixels: a descriptor that needs none')
    .action((options) =>
      perform(options, async (session) => (await import('./commands/embed.js')).embedCommand(options, session)),
    );

  command('similar <picture>', 'find the pictures of a project that look like one')
    .addOption(projectOption())
    .requiredOption('--model <name>', 'by whose vectors; see fovea embed')
    .option('--count <n>', 'how many (default: 20)', integer(1, 500))
    .action((path: string, options) =>
      perform(options, async (session) =>
        (await import('./commands/similar.js')).similarCommand(path, options, session),
      ),
    );

  command('duplicates', 'find groups of pictures that are nearly the same, by their perceptual hashes')
    .addOption(projectOption())
    .option('--distance <n>', 'bits of 64 in which they may differ (default: 6)', integer(0, 15))
    .action((options) =>
      perform(options, async (session) => (await import('./commands/similar.js')).duplicatesCommand(options, session)),
    );

  addTrainOptions(
    command('train', 'train a model on a project; after Ctrl-C the same command goes on where it was').addOption(
      projectOption(),
    ),
  ).action((options) =>
    perform(options, async (session) => (await import('./commands/train.js')).trainCommand(options, session)),
  );

  command('eval', "a model's figures, or a results file's, by COCO's rules on labelled pictures")
    .option('--model <name>', 'the model: name, name@alias or name@version')
    .addOption(
      new Option('--predictions <file>', "instead of a model: COCO's results, a JSON list of what was found").conflicts(
        ['model', 'server', 'format'],
      ),
    )
    .requiredOption(
      '--data <path>',
      "the labelled folder; with --predictions, COCO's ground truth, a file or its folder",
    )
    .addOption(formatOption())
    .addOption(classNamesOption().conflicts('predictions'))
    .addOption(new Option('--split <split>', 'only these of the folder: train, val or test').conflicts('predictions'))
    .addOption(
      new Option('--iou-type <type>', 'with --predictions, what is measured (default: what they have)')
        .choices(['bbox', 'segm', 'keypoints'])
        .conflicts('model'),
    )
    .addOption(
      new Option(
        '--sigmas <numbers>',
        "with key points, each one's spread, with commas between (default: COCO's 17)",
      ).conflicts('model'),
    )
    .action((options, made: Command) => {
      if (options.model === undefined && options.predictions === undefined) {
        made.error("error: one of '--model <name>' and '--predictions <file>' is needed");
      }
      return perform(options, async (session) =>
        options.predictions === undefined
          ? (await import('./commands/eval.js')).evalCommand(options, session)
          : (await import('./commands/eval-predictions.js')).evalPredictionsCommand(options),
      );
    });

  command('predict <path>', 'predict on an image, a folder of images or a video')
    .addOption(modelOption())
    .requiredOption('--out <folder>', 'where predictions.json goes, and the drawn pictures or label maps')
    .option('--confidence <p>', 'of a detector: least confidence kept (default: 0.25)', number(0, 1))
    .option('--iou <p>', 'of a detector: overlap above which the weaker box goes (default: 0.6)', number(0, 1))
    .option('--top-k <n>', 'of a classifier: how many of the likeliest classes (default: 5)', integer(1))
    .option('--every <n>', 'of a video, take every n-th frame', integer(1))
    .action((path: string, options) =>
      perform(options, async (session) =>
        (await import('./commands/predict.js')).predictCommand(path, options, session),
      ),
    );

  const group = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .configureHelp({ showGlobalOptions: false })
      .showHelpAfterError('(--help shows how it is used)');
  const snapshot = group('snapshot', 'immutable versions of a project: made, listed, compared, deleted');
  const snapshotCommand = (usage: string, description: string) =>
    command(usage, description, true, snapshot).addOption(projectOption());
  snapshotCommand('create', 'freeze the labelled pictures as they are, or some of them, with a split')
    .option('--name <name>', 'its name, unique in the project (default: v1, v2, …)')
    .option('--description <text>', 'what it is for')
    .option('--sql <query>', 'only the pictures that this SELECT gives by a column media_id or sha256')
    .option('--class <names...>', 'only pictures with one of these classes')
    .option('--tag <tags...>', 'only pictures with one of these tags')
    .option('--without-tag <tags...>', 'only pictures with none of these tags')
    .option('--search <text>', 'only pictures whose name has this in it')
    .option('--reviewed', 'only pictures that a person reviewed')
    .option('--val <fraction>', 'share to validate on (default: 0.15)', number(0, 1))
    .option('--test <fraction>', 'share to put aside as test (default: 0)', number(0, 1))
    .option('--seed <n>', 'another one splits differently (default: 0)', integer(0, 2 ** 31 - 1))
    .option('--new-splits', 'split anew, whatever splits the pictures came with')
    .option('--include-unlabelled', 'take pictures that nobody labelled too')
    .action((options) =>
      perform(options, async (session) => (await import('./commands/snapshot.js')).createCommand(options, session)),
    );
  snapshotCommand('list', "list a project's snapshots").action((options) =>
    perform(options, async (session) => (await import('./commands/snapshot.js')).listCommand(options, session)),
  );
  snapshotCommand('show <snapshot>', 'one snapshot, by name or id, with the runs that used it').action(
    (name: string, options) =>
      perform(options, async (session) => (await import('./commands/snapshot.js')).showCommand(name, options, session)),
  );
  snapshotCommand('diff <before> <after>', 'what differs between two snapshots, in words and numbers').action(
    (before: string, after: string, options) =>
      perform(options, async (session) =>
        (await import('./commands/snapshot.js')).diffCommand(before, after, options, session),
      ),
  );
  snapshotCommand('delete <snapshot>', 'delete a snapshot that no run used; its pictures stay').action(
    (name: string, options) =>
      perform(options, async (session) =>
        (await import('./commands/snapshot.js')).deleteCommand(name, options, session),
      ),
  );

  command('export', 'write a project or a snapshot as a data set into a new folder', false)
    .addOption(projectOption())
    .addOption(new Option('--format <format>', 'as what').choices(FORMAT_NAMES).makeOptionMandatory())
    .requiredOption('--out <folder>', 'an empty or new folder')
    .option('--snapshot <name>', 'a snapshot, by name or id (default: the project as it stands)')
    .addOption(
      new Option('--pictures <how>', 'copy them, hard-link them, or leave them out (default: copy)').choices([
        'copy',
        'link',
        'none',
      ]),
    )
    .action((options) =>
      perform(options, async (session) => (await import('./commands/export.js')).exportCommand(options, session)),
    );

  const lake = group('lake', 'upkeep of the home');
  command(
    'rebuild',
    'make anew what is derived: the tables that answer queries, and facts that are missing',
    false,
    lake,
  )
    .option('--project <name>', 'only of this project')
    .option('--facts', 'read all pictures again, not only those of which nothing is known')
    .action((options) =>
      perform(options, async (session) => (await import('./commands/lake.js')).rebuildCommand(options, session)),
    );
  command('gc', 'remove bytes that nothing names and pictures that were taken out', false, lake)
    .option('--dry-run', 'count, and remove nothing')
    .option(
      '--grace-days <n>',
      'how long what is not needed stays; bytes stay an hour in any case (default: 7)',
      number(0, 36_500),
    )
    .action((options) =>
      perform(options, async (session) => (await import('./commands/lake.js')).collectCommand(options, session)),
    );

  command('models', 'list the models with their versions, aliases and figures')
    .option('--project <name>', 'only of this project')
    .action((options) =>
      perform(options, async (session) => (await import('./commands/models.js')).modelsCommand(options, session)),
    );

  command('projects', 'list the projects').action((options) =>
    perform(options, async (session) => (await import('./commands/projects.js')).projectsCommand(options, session)),
  );

  command('serve', 'serve the web app and the API, and do the work in the queue', false)
    .option('--port <n>', 'port; 0 takes any free one', integer(0, 65_535), 8420)
    .option('--host <address>', 'address to listen on; there is no sign-in', '127.0.0.1')
    .option('--allow-host <names...>', 'further names this server answers to')
    .option('--ingest-root <folders...>', 'folders of this machine that may be taken in over the API')
    .option('--empty', 'no sample project on an empty home')
    .action((options) =>
      perform(options, async (session) => (await import('./commands/serve.js')).serveCommand(options, session)),
    );

  return program;
}

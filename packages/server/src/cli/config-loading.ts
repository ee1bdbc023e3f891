import { type Config, type Loaded, type LoadOptions, loadConfigFile } from '../config/config.ts'
import { text } from '../core/setting-kinds.ts'
import {
  type Command,
  command,
  type CommandSpec,
  exitCodes,
  option,
  type Options,
  type Values,
} from './command.ts'
import { apiOf, type PomboApi } from './pombo-api.ts'
import { tell } from './output.ts'

/** `--config`, the same for every command that reads the configuration. */
export const configOption = option(
  text('a path', 'pombo.yaml'),
  'path',
  'Read the configuration from this file (default: POMBO_CONFIG)',
)

/** Runs `work` with the configuration, or prints every problem with it and answers exit code 2. */
export async function withConfig(
  options: LoadOptions,
  work: (config: Config, loaded: Extract<Loaded, { ok: true }>) => Promise<number>,
): Promise<number> {
  const loaded = await loadConfigFile(options)
  if (!loaded.ok) {
    process.stderr.write(problemText(loaded.problems))
    return exitCodes.usage
  }
  return await work(loaded.config, loaded)
}

/** A command that reads the configuration, for which it has the option `--config`. */
export function configuredCommand<const O extends Options>({
  run,
  ...spec
}: Omit<CommandSpec<O>, 'run'> & {
  run: (values: Values<O>, config: Config, loaded: Extract<Loaded, { ok: true }>) => Promise<number>
}): Command {
  return command({
    ...spec,
    options: { ...spec.options, config: configOption },
    run: async (values) =>
      await withConfig(
        { file: (values as { config?: string }).config },
        async (config, loaded) => await run(values as Values<O>, config, loaded),
      ),
  })
}

/** Runs `work` on the running Pombo that the configuration names; without a key for it answers exit code 2. */
export async function withApi(
  config: Config,
  work: (api: PomboApi) => Promise<number>,
): Promise<number> {
  const connected = apiOf(config)
  if (connected.ok) return await work(connected.api)
  tell(connected.problem)
  return exitCodes.usage
}

export function problemText(problems: readonly string[]): string {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return (
    `The configuration has ${count}; nothing was ` +
    `started.\n${problems.map((problem) => `- ${problem}`).join('\n')}\n`
  )
}

import { type Config, type Loaded, type LoadOptions, loadConfig } from '../config.ts'
import { text } from '../core/setting-kinds.ts'
import { exitCodes, option } from './command.ts'

/** `--config`, the same for every command that reads the configuration. */
export const configOption = option(
  text('a path', 'pombo.env'),
  'path',
  'Read the configuration from this file (default: POMBO_CONFIG)',
)

/** Runs `work` with the configuration, or prints every problem with it and answers exit code 2. */
export async function withConfig(
  options: LoadOptions,
  work: (config: Config, loaded: Extract<Loaded, { ok: true }>) => Promise<number>,
): Promise<number> {
  const loaded = loadConfig(options)
  if (!loaded.ok) {
    process.stderr.write(problemText(loaded.problems))
    return exitCodes.usage
  }
  return await work(loaded.config, loaded)
}

export function problemText(problems: readonly string[]): string {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return (
    `The configuration has ${count}; nothing was ` +
    `started.\n${problems.map((problem) => `- ${problem}`).join('\n')}\n`
  )
}

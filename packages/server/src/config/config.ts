/**
 * The configuration: read once, from the environment and a file, checked by one schema, complete or refused
 * with every problem at once. The only place that reads `process.env`. The variables themselves are in
 * keys.ts.
 */
import { type FileValue, isYaml, readConfigFile, type YamlReader } from './file.ts'
import {
  dialectGroups,
  engineGroups,
  engineKeys,
  observeKeys,
  securityKeys,
  serverKeys,
  storeKeys,
} from './keys.ts'
import { type doorKeys, placeProblem, tlsProblem } from './door-keys.ts'
import { circuitProblem, type endpointKeys, endpointHeadersProblem } from './endpoint-keys.ts'
import { type egressKeys, egressProblem } from './egress-keys.ts'
import { type otelKeys, otelProblems } from './otel-keys.ts'
import { didYouMean, inYaml, unknownInEnvironment, unreadOfOtel, variablesOf } from './names.ts'
import { fileVariableOf, readSecretFile } from './secret-files.ts'
import type { Setting, SettingGroup, ValuesOf } from '../core/setting.ts'
import type { outboxKeys } from '../sources/postgres/settings.ts'
import { type redisKeys, redisProblem } from '../sources/redis/settings.ts'

type Engine = ValuesOf<typeof serverKeys> &
  ValuesOf<typeof doorKeys> &
  ValuesOf<typeof egressKeys> &
  ValuesOf<typeof endpointKeys> &
  ValuesOf<typeof storeKeys> &
  ValuesOf<typeof securityKeys> &
  ValuesOf<typeof engineKeys> &
  ValuesOf<typeof observeKeys> &
  ValuesOf<typeof otelKeys> &
  ValuesOf<typeof outboxKeys> &
  ValuesOf<typeof redisKeys>

/** Everything that configures a Pombo, parsed. An optional key that was not given is absent. */
export type Config = Engine & {
  dialects: { [Name in keyof typeof dialectGroups]: ValuesOf<(typeof dialectGroups)[Name]> }
  production: boolean
  /** Variables of OpenTelemetry that are set, and mean nothing to Pombo. */
  otelUnread: string[]
}

/** Where a value came from. `command` is an option, or a command's own need. */
export type Source = 'command' | 'environment' | 'file' | 'default' | 'unset'

/** One variable as `pombo config` prints it. Secrets are already redacted. */
export interface ConfigEntry {
  group: string
  variable: string
  value: string | undefined
  default: string | undefined
  source: Source
  secret: boolean
  /** Whether a running Pombo takes up a new value. */
  live: boolean
  description: string
}

/** `problems` are sentences for the person who starts Pombo; they never repeat a secret. */
export type Loaded =
  | { ok: true; config: Config; entries: ConfigEntry[]; file: string | undefined }
  | { ok: false; problems: string[] }

export interface LoadOptions {
  /** Instead of the process's environment. */
  env?: Record<string, string | undefined>
  /** Instead of POMBO_CONFIG. */
  file?: string | undefined
  /** Variables that a command sets; they win over all others. An empty one unsets. */
  overrides?: Record<string, string>
  /** Needed where the file is YAML. */
  readYaml?: YamlReader
}

/** The same with whatever kind of file there is. */
export async function loadConfigFile(options: LoadOptions): Promise<Loaded> {
  const file = fileOf(options)
  if (file === undefined || !isYaml(file)) return loadConfig(options)
  return loadConfig({ ...options, readYaml: (await import('./yaml.ts')).readYaml })
}

function fileOf({ file, env = process.env }: LoadOptions): string | undefined {
  return file ?? (env['POMBO_CONFIG'] || undefined)
}

/** Reads and checks the whole configuration. Of a variable set twice: command, then environment, then file. */
export function loadConfig(options: LoadOptions = {}): Loaded {
  const env = options.env ?? process.env
  const problems: string[] = []
  const file = fileOf(options)
  const variables = variablesOf(allSettings().map(({ setting }) => setting))
  const fromFile =
    file === undefined ? undefined : readConfigFile(file, variables, options.readYaml)
  if (fromFile && !fromFile.ok) problems.push(...fromFile.problems)
  const fileValues = fromFile?.values ?? new Map<string, FileValue>()
  problems.push(...unknownInEnvironment(env, variables))
  for (const [variable, { line }] of fileValues)
    if (!variables.includes(variable))
      problems.push(
        `${variable}, in ${placeOf(file!, line)}, is not a variable of Pombo.${didYouMean(variable, variables)}`,
      )

  const plain = (variable: string): { text: string; source: Source } | undefined => {
    const override = options.overrides?.[variable]
    if (override !== undefined)
      return override === '' ? undefined : { text: override, source: 'command' }
    const layers: [string | undefined, Source][] = [
      [env[variable], 'environment'],
      [fileValues.get(variable)?.text, 'file'],
    ]
    // `KEY=` counts as not set: compose files and unit files write it for variables they pass on.
    for (const [text, source] of layers)
      if (text !== undefined && text.trim() !== '') return { text: text.trim(), source }
    return undefined
  }
  /** From the variable, or from the file that `<variable>_FILE` names where it is a secret. */
  const given = (setting: Setting<unknown>) => {
    const value = plain(setting.variable)
    const named = setting.secret ? plain(fileVariableOf(setting.variable)) : undefined
    if (named === undefined || value?.source === 'command') return value
    if (value) {
      const both = `${setting.variable} and ${fileVariableOf(setting.variable)}`
      problems.push(`${both} are both set; keep one of them.`)
      return undefined
    }
    const read = readSecretFile(setting.variable, named.text)
    if (read.ok) return { text: read.text, source: named.source }
    problems.push(read.problem)
    return undefined
  }
  const production = plain('NODE_ENV')?.text === 'production'

  const entries: ConfigEntry[] = []
  const readGroup = (group: string, settings: SettingGroup): Record<string, unknown> => {
    const values: Record<string, unknown> = {}
    for (const [name, setting] of Object.entries(settings)) {
      const fallback =
        typeof setting.default === 'function' ? setting.default({ production }) : setting.default
      const { text, source } = given(setting) ?? {
        text: fallback,
        source: fallback === undefined ? 'unset' : 'default',
      }
      const result = text === undefined ? undefined : setting.kind.schema.safeParse(text)
      if (result?.success === false) {
        const place =
          source === 'file' ? { file: file!, value: fileValues.get(setting.variable) } : undefined
        problems.push(badValue(setting, text!, result.error.issues[0]!.message, place))
        continue
      }
      if (result) values[name] = result.data
      entries.push({
        group,
        variable: setting.variable,
        value: result && shown(setting, result.data),
        default: fallback || setting.defaultNote,
        source,
        secret: setting.secret,
        live: setting.live,
        description: setting.description,
      })
    }
    return values
  }
  const engine = Object.assign(
    {},
    ...engineGroups.map(({ title, settings }) => readGroup(title, settings)),
  ) as Partial<Engine>
  const dialects = Object.fromEntries(
    Object.entries<SettingGroup>(dialectGroups).map(([name, settings]) => [
      name,
      readGroup(`Dialect ${name}`, settings),
    ]),
  )
  // What a file that cannot be read would have said is not missed.
  if (fromFile?.ok !== false) problems.push(...contradictions(engine, production))
  if (problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    config: {
      ...(engine as Engine),
      dialects: dialects as Config['dialects'],
      production,
      otelUnread: unreadOfOtel(env, variables),
    },
    entries,
    file,
  }
}

/** Whether errors are to be shown with their stack. Works also where the configuration itself is refused. */
export function debugging(): boolean {
  return ['debug', 'trace'].includes(process.env['POMBO_LOG_LEVEL'] ?? '')
}

/** Every variable there is, with its group's title. */
export function allSettings(): { group: string; setting: Setting<unknown> }[] {
  const groups: { title: string; settings: SettingGroup }[] = [
    ...engineGroups,
    ...Object.entries<SettingGroup>(dialectGroups).map(([name, settings]) => ({
      title: `Dialect ${name}`,
      settings,
    })),
  ]
  return groups.flatMap(({ title, settings }) =>
    Object.values(settings).map((setting) => ({ group: title, setting })),
  )
}

/** What single values cannot show. Values that were refused are absent here. */
function contradictions(engine: Partial<Engine>, production: boolean): string[] {
  const problems: string[] = []
  if (production && engine.databaseUrl !== undefined && engine.encryptionKeys === undefined)
    problems.push(
      'POMBO_ENCRYPTION_KEYS is not set. In production with DATABASE_URL it is required, ' +
        'the same on every node: make one with "openssl rand -base64 32" and keep it as safe ' +
        'as the database.',
    )
  for (const problem of [
    redisProblem(engine),
    tlsProblem(engine),
    placeProblem(engine),
    egressProblem(engine),
    circuitProblem(engine),
    endpointHeadersProblem(engine),
    ...otelProblems(engine),
  ])
    if (problem !== undefined) problems.push(problem)
  const { commitBatch, commitBufferMessages } = engine
  if (
    commitBatch !== undefined &&
    commitBufferMessages !== undefined &&
    commitBufferMessages < commitBatch
  )
    problems.push(
      `POMBO_COMMIT_BUFFER_MESSAGES (${commitBufferMessages}) is less than ` +
        `POMBO_COMMIT_BATCH (${commitBatch}); it must hold at least one batch.`,
    )
  return problems
}

function badValue(
  setting: Setting<unknown>,
  text: string,
  detail: string,
  place: { file: string; value: FileValue | undefined } | undefined,
): string {
  const value = setting.secret
    ? `the value given (hidden, ${text.length} characters)`
    : JSON.stringify(text)
  // The detail may quote a part of the value.
  const why = setting.secret ? '' : `: ${detail}`
  const name = place?.value?.name ?? setting.variable
  const where = place ? `, in ${placeOf(place.file, place.value?.line)},` : ''
  const { allowed, example } = setting.kind
  const line = name === setting.variable ? `${name}=${example}` : `${name}: ${inYaml(example)}`
  return `${name}${where} cannot be ${value}${why}. It takes ${allowed}. Example: ${line}`
}

const placeOf = (file: string, line: number | undefined): string =>
  line === undefined ? file : `${file}, line ${line}`

function shown(setting: Setting<unknown>, value: unknown): string {
  if (!setting.secret) return setting.kind.show(value)
  return setting.redact?.(value) ?? '(set, hidden)'
}

/**
 * The configuration: read once, from the environment and a file, checked by one schema, complete or refused
 * with every problem at once. The only place that reads `process.env`. The variables themselves are in
 * config-keys.ts.
 */
import { readConfigFile } from './config-file.ts'
import {
  dialectGroups,
  engineGroups,
  engineKeys,
  observeKeys,
  securityKeys,
  serverKeys,
  storeKeys,
} from './config-keys.ts'
import { type doorKeys, doorProblem } from './config-door-keys.ts'
import { type egressKeys, egressProblem } from './config-egress-keys.ts'
import { fileVariableOf, readSecretFile, secretFileVariables } from './config-secret-files.ts'
import { nearest } from './core/nearest.ts'
import type { Setting, SettingGroup, ValuesOf } from './core/setting.ts'
import type { outboxKeys } from './sources/postgres/settings.ts'
import { type redisKeys, redisProblem } from './sources/redis/settings.ts'

type Engine = ValuesOf<typeof serverKeys> &
  ValuesOf<typeof doorKeys> &
  ValuesOf<typeof egressKeys> &
  ValuesOf<typeof storeKeys> &
  ValuesOf<typeof securityKeys> &
  ValuesOf<typeof engineKeys> &
  ValuesOf<typeof observeKeys> &
  ValuesOf<typeof outboxKeys> &
  ValuesOf<typeof redisKeys>

/** Everything that configures a Pombo, parsed. An optional key that was not given is absent. */
export type Config = Engine & {
  dialects: { [Name in keyof typeof dialectGroups]: ValuesOf<(typeof dialectGroups)[Name]> }
  production: boolean
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
}

/** Reads and checks the whole configuration. Of a variable set twice: command, then environment, then file. */
export function loadConfig(options: LoadOptions = {}): Loaded {
  const env = options.env ?? process.env
  const problems: string[] = []
  const file = options.file ?? (env['POMBO_CONFIG'] || undefined)
  const fromFile = file === undefined ? undefined : readConfigFile(file)
  if (fromFile && !fromFile.ok) problems.push(...fromFile.problems)
  const fileValues = fromFile?.ok ? fromFile.values : new Map<string, string>()
  problems.push(...unknownVariables(env, fileValues, file))

  const plain = (variable: string): { text: string; source: Source } | undefined => {
    const override = options.overrides?.[variable]
    if (override !== undefined)
      return override === '' ? undefined : { text: override, source: 'command' }
    const layers: [string | undefined, Source][] = [
      [env[variable], 'environment'],
      [fileValues.get(variable), 'file'],
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
        problems.push(badValue(setting, text!, result.error.issues[0]!.message, source, file))
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
  problems.push(...contradictions(engine, production))
  if (problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    config: { ...(engine as Engine), dialects: dialects as Config['dialects'], production },
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
  for (const problem of [redisProblem(engine), doorProblem(engine), egressProblem(engine)])
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

function unknownVariables(
  env: Record<string, string | undefined>,
  file: Map<string, string>,
  path: string | undefined,
): string[] {
  const settings = allSettings().map(({ setting }) => setting)
  const known = new Set([
    ...settings.map(({ variable }) => variable),
    ...secretFileVariables(settings),
    'POMBO_CONFIG',
  ])
  const problems: string[] = []
  for (const [variable, value] of Object.entries(env)) {
    if (
      !variable.startsWith('POMBO_') ||
      known.has(variable) ||
      variable.startsWith(testPrefix) ||
      madeByKubernetes(variable, value ?? '')
    )
      continue
    problems.push(`${variable} is not a variable of Pombo.${didYouMean(variable, known)}`)
  }
  // A file is Pombo's own, so that in it any unknown name is a mistake.
  known.delete('POMBO_CONFIG')
  for (const variable of file.keys())
    if (!known.has(variable))
      problems.push(
        `${variable}, in ${path}, is not a variable of Pombo.${didYouMean(variable, known)}`,
      )
  return problems
}

/** The test suite's own, such as the server to test against; processes that it starts inherit them. */
const testPrefix = 'POMBO_TEST_'

/** Kubernetes puts the addresses of each service into every pod; those of one called `pombo` begin with POMBO_. */
function madeByKubernetes(variable: string, value: string): boolean {
  if (/_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$/.test(variable)) return true
  return (
    /_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/.test(variable) &&
    (/_PORT_\d+_/.test(variable) || /^\w+:\/\//.test(value))
  )
}

function didYouMean(variable: string, known: Iterable<string>): string {
  const meant = nearest(variable, known)
  return meant ? ` Did you mean ${meant}?` : ' "pombo config" lists them all.'
}

function badValue(
  setting: Setting<unknown>,
  text: string,
  detail: string,
  source: Source,
  file: string | undefined,
): string {
  const value = setting.secret
    ? `the value given (hidden, ${text.length} characters)`
    : JSON.stringify(text)
  // The detail may quote a part of the value.
  const why = setting.secret ? '' : `: ${detail}`
  const where = source === 'file' ? `, in ${file},` : ''
  return (
    `${setting.variable}${where} cannot be ${value}${why}. It takes ` +
    `${setting.kind.allowed}. Example: ${setting.variable}=${setting.kind.example}`
  )
}

function shown(setting: Setting<unknown>, value: unknown): string {
  if (!setting.secret) return setting.kind.show(value)
  return setting.redact?.(value) ?? '(set, hidden)'
}

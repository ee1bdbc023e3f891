/** What brokers and databases ask for, as data: of destinations and of sources alike. */
export interface SettingField {
  name: string
  is:
    | 'text'
    | 'secret'
    | 'long'
    | 'long-secret'
    | 'number'
    | 'flag'
    | { options: readonly string[] }
  needed?: true
  example?: string
}

export interface ConnectionKind {
  title: string
  /** What addresses begin with. */
  schemes: readonly string[]
  example: string
  fields: readonly SettingField[]
  /** One of the two is given, and not both. */
  either?: readonly [string, string]
}

/** The names under which Pombo says what is wrong with the settings that stand at `member`. */
export function settingPaths(
  kinds: Readonly<Record<string, ConnectionKind>>,
  member: string,
): string[] {
  const names = Object.values(kinds).flatMap(({ fields }) => fields.map(({ name }) => name))
  return [...new Set(['url', ...names])].map((name) => `${member}.${name}`).concat(member)
}

/** What was typed, and what the form has no field for. */
export interface TypedSettings {
  values: Readonly<Record<string, string>>
  kept: Readonly<Record<string, unknown>>
}

/** Passwords come as `***`, which given back means what is kept. */
export function typedOf(
  { fields }: ConnectionKind,
  settings: Readonly<Record<string, unknown>>,
): TypedSettings {
  const isTyped = (name: string): boolean =>
    name === 'url' || fields.some((field) => field.name === name)
  const entries = Object.entries(settings)
  return {
    values: Object.fromEntries(
      entries.flatMap(([name, value]) => (isTyped(name) ? [[name, String(value)]] : [])),
    ),
    kept: Object.fromEntries(entries.filter(([name]) => !isTyped(name))),
  }
}

export type WrongSetting = 'missing' | 'scheme' | 'number' | 'either'

/** By field, what is wrong with it. */
export function wrongSettings(
  { schemes, fields, either }: ConnectionKind,
  values: TypedSettings['values'],
): Record<string, WrongSetting> {
  const wrong: Record<string, WrongSetting> = {}
  const given = (name: string): string => values[name]?.trim() ?? ''
  const scheme = /^([a-z]+):\/\/[^/\s]/i.exec(given('url'))?.[1]?.toLowerCase()
  if (given('url') === '') wrong['url'] = 'missing'
  else if (scheme === undefined || !schemes.includes(scheme)) wrong['url'] = 'scheme'
  for (const { name, is, needed } of fields) {
    if (needed === true && given(name) === '') wrong[name] = 'missing'
    if (is === 'number' && given(name) !== '' && !/^[1-9]\d*$/.test(given(name)))
      wrong[name] = 'number'
  }
  if (either && (given(either[0]) === '') === (given(either[1]) === '')) wrong[either[0]] = 'either'
  return wrong
}

/** As the API takes them, without what was left empty. */
export function settingsInput(
  { fields }: ConnectionKind,
  { values, kept }: TypedSettings,
): Record<string, unknown> {
  const settings = fields.flatMap(({ name, is }): [string, unknown][] => {
    const value = values[name]?.trim() ?? ''
    if (value === '') return []
    if (is === 'flag') return [[name, value === 'true']]
    const isNumber = is === 'number' || (typeof is === 'object' && /^\d+$/.test(value))
    return [[name, isNumber ? Number(value) : value]]
  })
  return { ...kept, url: values['url']?.trim() ?? '', ...Object.fromEntries(settings) }
}

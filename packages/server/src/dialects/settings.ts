/**
 * The environment variables of the dialects, by the dialect's name; config/keys.ts takes them up as groups of
 * their own.
 */
import type { SettingGroup, ValuesOf } from '../core/setting.ts'
import { agentesSettings } from './agentes/settings.ts'
import { evolutionSettings } from './evolution/settings.ts'
import { standardSettings } from './standard/settings.ts'
import { whatsmeowSettings } from './whatsmeow/settings.ts'
import { zaphubSettings } from './zaphub/settings.ts'

export const dialectSettings = {
  standard: standardSettings,
  whatsmeow: whatsmeowSettings,
  zaphub: zaphubSettings,
  evolution: evolutionSettings,
  agentes: agentesSettings,
} satisfies Record<string, SettingGroup>

/** What each dialect is made with. */
export type DialectValues = {
  [Name in keyof typeof dialectSettings]: ValuesOf<(typeof dialectSettings)[Name]>
}

/** The values that hold where no variable is set. */
export function documented(): DialectValues {
  return Object.fromEntries(
    Object.entries<SettingGroup>(dialectSettings).map(([name, group]) => [name, defaultsOf(group)]),
  ) as DialectValues
}

function defaultsOf(group: SettingGroup): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(group)) {
    const text =
      typeof setting.default === 'function'
        ? setting.default({ production: false })
        : setting.default
    if (text !== undefined) values[name] = setting.kind.schema.parse(text)
  }
  return values
}

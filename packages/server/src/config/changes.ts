import { isDeepStrictEqual } from 'node:util'
import type { Config } from './config.ts'
import { dialectGroups, engineGroups } from './keys.ts'
import type { SettingGroup } from '../core/setting.ts'

/** Variables whose values differ: those that a running Pombo takes up, and those that wait for the next start. */
export interface ConfigChanges {
  live: string[]
  waiting: string[]
}

/** Puts what can change while Pombo runs into `config`, which everybody reads at each use, and says what differed. */
export function takeUp(config: Config, next: Config): ConfigChanges {
  const changes: ConfigChanges = { live: [], waiting: [] }
  const compare = (group: SettingGroup, now: object, then: object): void => {
    const values = now as Record<string, unknown>
    for (const [name, { variable, live }] of Object.entries(group)) {
      const value = (then as Record<string, unknown>)[name]
      if (isDeepStrictEqual(values[name], value)) continue
      if (!live) changes.waiting.push(variable)
      else {
        changes.live.push(variable)
        if (value === undefined) delete values[name]
        else values[name] = value
      }
    }
  }
  for (const { settings } of engineGroups) compare(settings, config, next)
  for (const [name, group] of Object.entries<SettingGroup>(dialectGroups)) {
    const dialect = name as keyof Config['dialects']
    compare(group, config.dialects[dialect], next.dialects[dialect])
  }
  return changes
}

// Configurations as they are loaded from variables, and from files that are gone after the test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { loadConfig, type Config } from '../../src/config/config.ts'

export function fileWith(content: string, name = 'pombo.env'): string {
  const folder = mkdtempSync(join(tmpdir(), 'pombo-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

export function configOf(env: Record<string, string>, file?: string): Config {
  const loaded = loadConfig({ env, file })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

export function problemsOf(env: Record<string, string>, file?: string): string[] {
  const loaded = loadConfig({ env, file })
  return loaded.ok ? [] : loaded.problems
}

import { resolve } from 'node:path'
import type { App } from '../app.ts'
import type { Config } from '../config/config.ts'
import { showDuration } from '../core/setting-kinds.ts'
import { withBasePath } from '../core/base-path.ts'
import { clientAddress } from './address.ts'
import { exitCodes } from './command.ts'
import { serverUrlOf } from './pombo-api.ts'

/** What a person wants to know after the start. */
export function greeting(config: Config, app: Pick<App, 'url' | 'apiKey' | 'database'>): string {
  const lines = [`Pombo listens at ${reachableUrl(app.url, config)}`, `  database: ${app.database}`]
  if ('socket' in config.listen) lines.push(`  reached at: ${serverUrlOf(config)}`)
  if (config.databaseUrl === undefined) lines.push(`  data folder: ${resolve(config.dataDir)}`)
  if (app.apiKey !== undefined)
    lines.push(
      `  API key: ${app.apiKey}`,
      '  Keep it: it is shown only this once. Lost, another is set by POMBO_API_KEY at a start.',
    )
  return lines.join('\n')
}

/** `0.0.0.0` is nothing to click on. */
function reachableUrl(url: string, config: Config): string {
  const { listen, basePath } = config
  if ('socket' in listen) return url
  const { port, protocol } = new URL(url)
  const usual = protocol === 'https:' ? 443 : 80
  const address = clientAddress({ host: listen.host, port: Number(port || usual) })
  return withBasePath(`${protocol}//${address}`, basePath)
}

export function farewell(signal: string, config: Config): string {
  const reason = signal === 'SIGINT' ? 'Ctrl-C' : signal
  return (
    `${reason}: stopping. Nothing new is taken; what is in flight gets up to ` +
    `${showDuration(config.shutdownGraceMs)}. A second Ctrl-C ends it at once.`
  )
}

/** The last line, and the exit code. */
export function goodbye(
  left: { unfinished: number; unrecorded: number },
  tell: (line: string) => void,
): number {
  const { unfinished, unrecorded } = left
  if (unfinished === 0 && unrecorded === 0) {
    tell('Stopped; everything in flight was finished and recorded.')
    return exitCodes.ok
  }
  tell(
    `Stopped. ${unfinished} deliveries were not finished in time and ${unrecorded} ` +
      'results could not be recorded; those will be sent again.',
  )
  return exitCodes.failed
}

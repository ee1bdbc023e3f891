import { styleText } from 'node:util'
import { showDuration } from '../core/setting-kinds.ts'

/** A replay as the API shows it. */
export interface ReplayTask {
  id: string
  status: 'running' | 'finished' | 'failed'
  data: {
    phase: 'counting' | 'opening' | 'finished' | 'failed' | 'canceled'
    matched: number
    total: number | null
    done: number
    skipped: number
    dryRun: boolean
    ratePerSecond: number
    error: string | null
  }
}

const barCells = 30
const number = (value: number) => value.toLocaleString('en')
const deliveries = (count: number) => `${number(count)} ${count === 1 ? 'delivery' : 'deliveries'}`

/**
 * How far a replay is, on one line. `bar`: with a bar drawn of blocks; `startedAtMs` and `nowMs` tell how long
 * the rest takes.
 */
export function progressLine(
  { data }: ReplayTask,
  options: { bar: boolean; elapsedMs: number; doneBefore: number },
): string {
  const { matched, total, done, skipped, dryRun } = data
  if (total === null || dryRun) return `counting: ${number(total ?? matched)} so far`
  const over = done + skipped
  const share = total === 0 ? 1 : Math.min(1, over / total)
  const cells = Math.round(share * barCells)
  const bar = options.bar
    ? `${styleText('green', '█'.repeat(cells))}${'░'.repeat(barCells - cells)} `
    : ''
  return `${bar}${Math.floor(share * 100)} %  ${number(over)} of ${number(total)}${left(data, options)}`
}

/** By what was done since somebody looks, and never quicker than the rate allows. */
function left(
  { total, done, skipped, ratePerSecond }: ReplayTask['data'],
  { elapsedMs, doneBefore }: { elapsedMs: number; doneBefore: number },
): string {
  const seen = done + skipped - doneBefore
  const rest = total! - done - skipped
  if (seen <= 0 || rest <= 0 || elapsedMs < 1_000) return ''
  const ms = Math.max((elapsedMs / seen) * rest, (rest / ratePerSecond) * 1_000)
  return `, about ${showDuration(Math.ceil(ms / 1_000) * 1_000)} left`
}

/** What came of it. */
export function outcomeText({ id, status, data }: ReplayTask): string {
  const { matched, total, done, skipped, dryRun, phase, error } = data
  const passed =
    skipped === 0
      ? ''
      : `; ${number(skipped)} passed over, which had changed since they were counted`
  if (phase === 'canceled')
    return `Replay ${id} is canceled: ${deliveries(done)} opened${passed}.\n`
  if (status === 'failed')
    return (
      `Replay ${id} failed: ${error ?? 'for no reason that was noted'}. Opened until then: ` +
      `${number(done)} of ${number(total ?? matched)}.\n`
    )
  if (dryRun) return `${deliveries(total ?? matched)} would be sent again. Nothing was changed.\n`
  return `${deliveries(done)} opened again${passed}. They are sent as their endpoints have room.\n`
}

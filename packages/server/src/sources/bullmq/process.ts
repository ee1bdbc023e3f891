/** What becomes of one job: completed, put back, tried again, or failed for good. */
import type { Job } from 'bullmq'
import { PomboError } from '../../core/error.ts'
import { untilPassed } from '../broker/patience.ts'
import { withoutCommand } from '../broker/redis-connection.ts'

export type JobFate =
  /** Durable, or known as a repeat. `result` is what BullMQ keeps with the job. */
  { kind: 'taken'; result: object } | { kind: 'refused'; problem: string }

interface ProcessDeps {
  bullmq: Pick<typeof import('bullmq'), 'UnrecoverableError' | 'DelayedError' | 'WaitingError'>
  settings: { queueMaxAttempts: number; queueBackoffMs: number }
  stopping: AbortSignal
  log: { error(fields: object, message: string): void }
}

/**
 * While Pombo cannot store, the job stays here: BullMQ would count a failure against it, and a queue's worth of jobs
 * would go round in circles. Held, they hold up those behind them, in Redis, where they are safe.
 * @throws BullMQ's own errors, by which its worker tells what is to be done
 */
export async function processJob(
  job: Job,
  token: string | undefined,
  take: () => Promise<JobFate>,
  { bullmq, settings, stopping, log }: ProcessDeps,
): Promise<object> {
  const of = { jobId: job.id, queue: job.queueName }
  let fate: JobFate | 'stopped'
  try {
    fate = await untilPassed(take, {
      stopping,
      firstPauseMs: settings.queueBackoffMs,
      onWait: (error) => log.error({ err: error, ...of }, 'a job waits'),
    })
  } catch (error) {
    if (error instanceof PomboError && error.status < 500 && error.code !== 'not_found')
      throw new bullmq.UnrecoverableError(error.message)
    log.error({ err: withoutCommand(error), ...of }, 'a job could not be taken')
    return await again(job, token, error, { bullmq, settings })
  }
  if (fate === 'stopped') {
    await job.moveToWait(token)
    throw new bullmq.WaitingError()
  }
  if (fate.kind === 'taken') return fate.result
  throw new bullmq.UnrecoverableError(`the job cannot be taken: ${fate.problem}`)
}

/** As the producer wants it; where it does not say, as ZapHub's other queues do. */
async function again(
  job: Job,
  token: string | undefined,
  error: unknown,
  { bullmq, settings }: Pick<ProcessDeps, 'bullmq' | 'settings'>,
): Promise<never> {
  if ((job.opts.attempts ?? 0) > 0 || job.attemptsStarted >= settings.queueMaxAttempts) throw error
  const pauseMs = settings.queueBackoffMs * 2 ** (job.attemptsStarted - 1)
  await job.moveToDelayed(Date.now() + pauseMs, token)
  throw new bullmq.DelayedError()
}

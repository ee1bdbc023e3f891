/**
 * ZapHub's two workers: Pombo works off the BullMQ queues `message-receive` and `webhook-delivery` of a Redis in
 * their place, so that a ZapHub that only enqueues needs none of its own.
 *
 * Promises: a job is completed only when its message is durable, or known as a repeat; a message is stored once by
 * WhatsApp's id, a delivery once by its job; while Pombo cannot store (database away, overloaded) jobs wait and lose
 * no attempt; Redis may go and come back; a job of a process that died is taken up again, however often. What cannot
 * be a message fails for good, with the reason.
 */
import type { Job, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Clock } from '../../core/clock.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { waitAtMost } from '../../core/wait-at-most.ts'
import {
  closeRedis,
  duplicateRedis,
  isConnectionError,
  openRedis,
  withoutCommand,
} from '../broker/redis-connection.ts'
import { Trouble } from '../broker/trouble.ts'
import { type JobFate, processJob } from './process.ts'
import { deliveryMessage, receivedMessage, type Sessions } from './messages.ts'

export interface BullmqSettings {
  redisUrl: string
  /** BullMQ's key prefix. */
  queuePrefix: string
  /** Jobs at a time, in this process. */
  receiveConcurrency: number
  deliveryConcurrency: number
  /** For jobs whose producer does not say. */
  queueMaxAttempts: number
  queueBackoffMs: number
  completedAgeMs: number
  completedCount: number
  failedAgeMs: number
  maxPayloadBytes: number
}

export interface BullmqDeps {
  settings: BullmqSettings
  sessions: Sessions
  clock: Clock
  accept: (message: IncomingMessage) => Promise<Accepted>
  log: {
    info(fields: object, message: string): void
    error(fields: object, message: string): void
  }
  /** The package, loaded when it is needed. */
  load?: () => Promise<typeof import('bullmq')>
  /** How long a job may be without a sign of its worker, and how often that is looked for. */
  stalledMs?: number
}

/**
 * BullMQ's own 30 s leave the jobs at hand when Redis or a process goes alone for a minute. A job takes milliseconds
 * here, and one that is taken twice is recognised: it may be missed sooner.
 */
const quickStalledMs = 5_000

export class BullmqWorkers {
  readonly #deps: BullmqDeps
  readonly #stopping = new AbortController()
  /** Its own connection, and the copies that BullMQ made of it. */
  #connections: Redis[] = []
  #workers: Worker[] = []

  constructor(deps: BullmqDeps) {
    this.#deps = deps
  }

  /** @throws Error when the package is missing; a Redis that does not answer is waited for */
  async start(): Promise<void> {
    const bullmq = await loaded(this.#deps.load)
    const { settings, clock, sessions, accept, log } = this.#deps
    const client = await this.#connect()
    const run = (
      queue: string,
      concurrency: number,
      take: (job: Job, text: string) => Promise<JobFate>,
    ) => {
      const worker: Worker = new bullmq.Worker(
        queue,
        async (job, token) => {
          const deps = { bullmq, settings, stopping: this.#stopping.signal, log }
          // As its producer wrote it: BullMQ parses it, and long numbers lose their last digits.
          const textOf = () => client.hget(worker.toKey(job.id!), 'data')
          return await processJob(
            job,
            token,
            async () => await take(job, (await textOf()) ?? JSON.stringify(job.data)),
            deps,
          )
        },
        this.#options(client, concurrency),
      )
      // Lost connections are told of by the client, once.
      worker.on('error', (error) => {
        if (this.#stopping.signal.aborted || isConnectionError(error)) return
        // Completed before the connection broke and the answer was lost, or in another's hands by now.
        if (/^Missing (lock|key) for job/.test(error.message))
          log.info({ queue, detail: error.message }, 'a job was settled elsewhere')
        else
          log.error(
            { err: withoutCommand(error), queue },
            'a BullMQ queue could not be worked off; trying again',
          )
      })
      this.#workers.push(worker)
    }
    run('message-receive', settings.receiveConcurrency, async (job, text) => {
      const read = await receivedMessage(job, text, { sessions, settings, clock })
      if ('problem' in read) return { kind: 'refused', problem: read.problem }
      const accepted = await accept(read.message)
      const { session, waMessageId } = read
      const messageDbId = sessions.messageUuid(session, waMessageId)
      log.info(
        { messageDbId, waMessageId, jobId: job.id, duplicate: accepted.outcome === 'duplicate' },
        '[MessageReceiveWorker] Message processed successfully',
      )
      return { kind: 'taken', result: { success: true, messageDbId } }
    })
    run('webhook-delivery', settings.deliveryConcurrency, async (job, text) => {
      const read = await deliveryMessage(job, text, { sessions, settings, clock })
      if ('problem' in read) return { kind: 'refused', problem: read.problem }
      await accept(read.message)
      const { sessionId, webhookUrl, event } = read
      log.info(
        { sessionId, webhookUrl, event, jobId: job.id },
        '[WebhookWorker] Webhook delivery queued',
      )
      return { kind: 'taken', result: { success: true, queued: true } }
    })
  }

  #options(client: Redis, concurrency: number) {
    const { settings, stalledMs = quickStalledMs } = this.#deps
    return {
      connection: client,
      prefix: settings.queuePrefix,
      concurrency,
      removeOnComplete: {
        age: Math.ceil(settings.completedAgeMs / 1000),
        count: settings.completedCount,
      },
      removeOnFail: { age: Math.ceil(settings.failedAgeMs / 1000) },
      lockDuration: stalledMs,
      stalledInterval: stalledMs,
      // After a lost connection BullMQ waits 15 s, with the jobs that it has in hand.
      runRetryDelay: 500,
      // BullMQ gives up a job whose worker died twice. It was no fault of the job's, and a repeat is recognised.
      maxStalledCount: 1_000_000,
      name: 'pombo',
    }
  }

  async #connect(): Promise<Redis> {
    const { log, settings } = this.#deps
    const url = settings.redisUrl
    const redis = new URL(url).host
    const trouble = new Trouble(
      (message, error) =>
        error === undefined
          ? log.info({ redis }, message)
          : log.error({ err: error, redis }, message),
      'the Redis of ZAPHUB_REDIS_URL is back',
    )
    const onError = (error: Error) => {
      if (!this.#stopping.signal.aborted)
        trouble.tell('the Redis of ZAPHUB_REDIS_URL cannot be reached; trying again', error)
    }
    const client = await openRedis({ url, name: 'pombo', resend: true, onError })
    client.on('ready', () => trouble.over())
    client.duplicate = (options) => {
      // What breaks a copy breaks the first one, which tells of it.
      const copy = duplicateRedis(client, options, () => {})
      this.#connections.push(copy)
      return copy
    }
    this.#connections = [client]
    return client
  }

  /** Finishes the jobs at hand or gives them back; with Redis away, they are taken up when they are missed. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const closing = Promise.allSettled(this.#workers.map((worker) => worker.close()))
    // Nothing can be given back to a Redis that is not there.
    await waitAtMost(this.#connections[0]?.status === 'ready' ? 5_000 : 0, closing)
    this.#connections.forEach(closeRedis)
    await waitAtMost(500, closing)
  }
}

async function loaded(
  load: BullmqDeps['load'] = () => import('bullmq'),
): Promise<typeof import('bullmq')> {
  try {
    return await load()
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Error(
      'ZAPHUB_REDIS_URL is set, and the package "bullmq", which works off its queues, is not installed. ' +
        'Install it beside Pombo (npm install bullmq), or take ZAPHUB_REDIS_URL out.',
      { cause: error },
    )
  }
}

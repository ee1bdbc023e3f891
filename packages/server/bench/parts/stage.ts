import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { openPool, type Pool } from '../../src/db/pool.ts'
import { type Part, startPart } from './child.ts'

export const apiKey = 'bench_0123456789abcdef0123456789'

/** What every measurement needs: a PostgreSQL, a receiver and a load generator, each a process of its own. */
export interface Stage {
  adminUrl: string
  server: string
  dataDir: string
  receiver: Part
  receiverUrl: string
  load: Part
  /** Of the next event that is sent. */
  nextNumber: number
  /** An empty database; its name is used once. */
  database(name: string): Promise<string>
  close(): Promise<void>
}

/** BENCH_DATABASE_URL names a server to use (databases are made in it); without, the embedded one is started. */
export async function openStage(say: (line: string) => void): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pombo-bench-'))
  const given = process.env['BENCH_DATABASE_URL']
  const embedded = given === undefined ? await startEmbedded({ dataDir, log: say }) : undefined
  const adminUrl = given ?? embedded!.url
  const admin: Pool = openPool(adminUrl, 1, 'bench')
  const { rows } = await admin.query<{ version: string }>(
    `select current_setting('server_version') as version`,
  )
  const receiver = await startPart('receiver.ts', {})
  const load = await startPart('load.ts', {})
  const made: string[] = []
  return {
    adminUrl,
    server: `PostgreSQL ${rows[0]!.version}${embedded ? ' (embedded)' : ''}`,
    dataDir,
    receiver,
    receiverUrl: `http://127.0.0.1:${await receiver.ask<number>('port')}`,
    load,
    nextNumber: 0,
    async database(name) {
      const full = `pombo_bench_${process.pid}_${name}`
      await admin.query(`drop database if exists ${full} with (force)`)
      await admin.query(`create database ${full}`)
      made.push(full)
      const url = new URL(adminUrl)
      url.pathname = `/${full}`
      return url.href
    },
    async close() {
      await Promise.all([receiver.stop(), load.stop()])
      for (const name of made) await admin.query(`drop database if exists ${name} with (force)`)
      await admin.end()
      await embedded?.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** What is to be sent. */
export interface Load {
  /** Where to POST, by turns. */
  urls: string[]
  count: number
  /** Without: the key of the API. */
  headers?: Record<string, string>
  /** At a time, 64 unless given. */
  concurrency?: number
  /** Instead: so many a second, whether answered or not. */
  perSecond?: number
}

/** As the load generator is asked: with what was left out filled in. */
export type NumberedLoad = Load & {
  headers: Record<string, string>
  concurrency: number
  firstNumber: number
}

export interface Sent {
  accepted: number
  refused: number
  acceptedMs: number
  answers: { p50: number; p99: number; max: number }
}

/** Sends events, each with a number of its own; resolves when all were answered. */
export async function send(stage: Stage, load: Load): Promise<Sent> {
  const firstNumber = stage.nextNumber
  stage.nextNumber += load.count
  const headers = { authorization: `Bearer ${apiKey}` }
  return await stage.load.ask<Sent>('run', { headers, concurrency: 64, ...load, firstNumber })
}

/** Sends events and waits until all have been received. */
export async function drive(
  stage: Stage,
  load: Load,
): Promise<Sent & { deliveredMs: number; perSecond: number }> {
  const startedAt = performance.now()
  const { distinct } = await stage.receiver.ask<{ distinct: number }>('count')
  const done = stage.receiver.ask('waitFor', distinct + load.count)
  const sent = await send(stage, load)
  if (sent.refused > 0) throw new Error(`${sent.refused} of ${load.count} events were refused`)
  await done
  const deliveredMs = performance.now() - startedAt
  return { ...sent, deliveredMs, perSecond: (load.count / deliveredMs) * 1_000 }
}

/** Calls the API of a started Pombo. */
export async function call<T>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return (text ? JSON.parse(text) : undefined) as T
}

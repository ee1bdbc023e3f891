import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { misbehave, type Mischief, type Reaction } from './mischief.ts'
import { openTally, type Counts } from './tally.ts'
import type { Verifier } from './verify.ts'

/** One request, when it is over. */
export interface Received {
  /** The `webhook-id`, or a number of its own where a request had none. */
  id: string
  /** 1 when the id came for the first time. */
  time: number
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: Buffer
  signature: 'valid' | 'unchecked' | { bad: string }
  /** What the sink did. */
  reaction: Reaction['kind']
  /** What it answered; undefined when it did not. */
  status: number | undefined
  atMs: number
}

/** An answer from elsewhere, for sinks that pass requests on. */
export interface ForeignAnswer {
  status: number
  contentType: string | undefined
  body: Buffer
}

export interface SinkOptions {
  host: string
  /** 0: any free one. */
  port: number
  mischief: Mischief
  verify: Verifier
  onReceived?: (received: Received) => void
  /** Asked instead of answering 200. */
  forward?: (request: {
    method: string
    path: string
    headers: IncomingMessage['headers']
    body: Buffer
  }) => Promise<ForeignAnswer>
}

export interface Sink {
  url: string
  counts: Counts
  /** Requests that are not answered yet, hanging ones included. */
  inFlight(): number
  /** From the next request on. */
  behave(mischief: Mischief): void
  close(): Promise<void>
}

// Above the largest body that Pombo takes, 16 MiB, with its envelope.
const MAX_BODY_BYTES = 32 * 1_048_576

/** Starts a receiver of webhooks that misbehaves as told. Throws what listening throws (a taken port). */
export async function startSink(options: SinkOptions): Promise<Sink> {
  const tally = openTally()
  let react = misbehave(options.mischief)
  let inFlight = 0
  let anonymous = 0

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request)
    if (body === undefined) {
      response.writeHead(413, { connection: 'close' }).end()
      return
    }
    const { headers } = request
    const id =
      textHeader(headers['webhook-id']) ?? textHeader(headers['svix-id']) ?? `no id ${++anonymous}`
    const time = tally.arrived(id)
    const verdict = options.verify(headers, body, Date.now())
    const report = (reaction: Reaction['kind'], status: number | undefined): void =>
      options.onReceived?.({
        id,
        time,
        method: request.method ?? '',
        path: request.url ?? '',
        headers,
        body,
        signature:
          verdict === undefined ? 'unchecked' : verdict.ok ? 'valid' : { bad: verdict.reason },
        reaction,
        status,
        atMs: Date.now(),
      })
    if (verdict?.ok === false) {
      tally.ended(id, 'bad-signature')
      report('answer', 401)
      response.writeHead(401, { 'content-type': 'text/plain' }).end(`${verdict.reason}\n`)
      return
    }
    const reaction = react()
    switch (reaction.kind) {
      case 'hang':
        tally.ended(id, 'hung')
        report('hang', undefined)
        await once(response, 'close')
        return
      case 'reset':
        if (reaction.delayMs > 0) await sleep(reaction.delayMs)
        tally.ended(id, 'reset')
        report('reset', undefined)
        request.socket.resetAndDestroy()
        return
      case 'answer': {
        if (reaction.delayMs > 0) await sleep(reaction.delayMs)
        const wellMeant = reaction.status === 200
        const foreign =
          wellMeant && options.forward
            ? await options.forward({
                method: request.method ?? 'POST',
                path: request.url ?? '/',
                headers,
                body,
              })
            : undefined
        const status = foreign?.status ?? reaction.status
        tally.ended(id, status >= 200 && status < 300 ? 'accepted' : 'refused')
        if (reaction.retryAfterSeconds !== undefined)
          response.setHeader('retry-after', reaction.retryAfterSeconds)
        response.writeHead(status, { 'content-type': foreign?.contentType ?? 'text/plain' })
        response.end(foreign?.body ?? (wellMeant ? 'ok\n' : 'told to fail\n'))
        report('answer', status)
      }
    }
  }

  const server = createServer((request, response) => {
    inFlight += 1
    handle(request, response)
      // The sender went away in the middle: nothing to answer, and nothing to report.
      .catch(() => response.destroy())
      .finally(() => {
        inFlight -= 1
      })
  })
  server.keepAliveTimeout = 60_000
  server.listen(options.port, options.host)
  await once(server, 'listening')
  return {
    url: urlOf(server),
    counts: tally.counts,
    inFlight: () => inFlight,
    behave: (mischief) => {
      react = misbehave(mischief)
    },
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function textHeader(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function urlOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo
  const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { utf8Bytes } from '../core/charset.ts'
import { PomboError } from '../core/error.ts'
import { refuseNul } from '../core/unstorable.ts'
import { dropRest, isStillComing } from './early-answers.ts'
import { inflated } from './inflate.ts'

/** A request's body: its exact text beside what it says, since payloads leave as they were written. */
export interface JsonBody {
  text: string
  value: unknown
}

export const noBody: JsonBody = { text: '', value: undefined }

/**
 * What holds at every door, the dialects' and the gateways' too: packed bodies are inflated within bounds, a type that
 * cannot be read is none, no path holds U+0000, and an answer that comes before the whole body did reaches who is still
 * sending. Bodies taken as bytes come to their handler inflated.
 */
export function guardDoors(app: FastifyInstance, maxBodyBytes: number): void {
  app.addHook('onRequest', (request, _reply, done) => {
    // Says as little as none, and would be refused at every door, a gateway's too.
    const type = request.headers['content-type']
    if (type !== undefined && !mediaType.test(type)) delete request.headers['content-type']
    done()
  })
  app.addHook('preValidation', (request, _reply, done) => {
    refuseNul(request.url)
    if (!Buffer.isBuffer(request.body)) return done()
    inflated(request.body, request.headers['content-encoding'], maxBodyBytes).then((bytes) => {
      request.body = bytes
      done()
    }, done)
    return undefined
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (!isStillComing(request.raw)) return done()
    dropRest(request.raw, (whole) => {
      if (whole) reply.removeHeader('connection')
      else void reply.header('connection', 'close')
      done()
    })
  })
}

const mediaType = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/
const jsonType = /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i

/**
 * JSON bodies are taken as text once, read once, and refused where they are not text or not JSON; other media types
 * are refused.
 */
export function takeJson(app: FastifyInstance, maxBodyBytes: number): void {
  app.removeAllContentTypeParsers()
  const take = (request: FastifyRequest, bytes: Buffer, done: Taken): void => {
    const { 'content-type': type, 'content-encoding': encoding } = request.headers
    const read = (whole: Buffer): void => answer(done, () => readJson(utf8Bytes(whole, type)))
    if (encoding === undefined) read(bytes)
    else inflated(bytes, encoding, maxBodyBytes).then(read, done)
  }
  app.addContentTypeParser(jsonType, { parseAs: 'buffer' }, take)
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer' },
    (request: FastifyRequest, bytes: Buffer, done: Taken) => {
      // A POST without a body may carry any type: curl and some clients always send one.
      if (bytes.length === 0) return done(null, noBody)
      const given = request.headers['content-type']
      // Some generations of clients say nothing about a body that can only be JSON.
      if (given === undefined) return take(request, bytes, done)
      const type = { expected: 'application/json', given: `"${given.slice(0, 100)}"` }
      return done(new PomboError('unsupported_media_type', type))
    },
  )
}

type Taken = (error: Error | null, body?: JsonBody) => void

/** What the reader throws is its answer; what goes wrong in what follows is not. */
function answer(done: Taken, read: () => JsonBody): void {
  let body: JsonBody
  try {
    body = read()
  } catch (error) {
    return done(error as Error)
  }
  return done(null, body)
}

function readJson(bytes: Buffer): JsonBody {
  const text = bytes.toString('utf8')
  if (text === '') return noBody
  try {
    return { text, value: JSON.parse(text) as unknown }
  } catch (error) {
    throw new PomboError('bad_json', { detail: whatIsWrong(error as Error) }, { cause: error })
  }
}

/** Without the piece of the body that V8 quotes: it may be of a secret, and error texts are logged. */
function whatIsWrong({ message }: Error): string {
  return `${message.replace(/, (?:\.\.\.)?"[^]*"(?:\.\.\.)? is not valid JSON$/, '')}.`
}

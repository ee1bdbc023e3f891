import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { type FieldProblem, PomboError } from '../core/error.ts'

/** A request's body: its exact text beside what it says, since payloads leave as they were written. */
export interface JsonBody {
  text: string
  value: unknown
}

export const noBody: JsonBody = { text: '', value: undefined }

/** JSON bodies are taken as text once, read once, and refused where they are not UTF-8 or not JSON; other media types are refused. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i,
    { parseAs: 'buffer' },
    (_request, bytes, done) => {
      try {
        done(null, readJson(bytes as Buffer))
      } catch (error) {
        done(error as Error)
      }
    },
  )
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) => {
    // A POST without a body may carry any type: curl and some clients always send one.
    if (bytes.length === 0) return done(null, noBody)
    const given = request.headers['content-type']
    done(
      new PomboError('unsupported_media_type', {
        expected: 'application/json',
        given: given ? `"${given.slice(0, 100)}"` : 'none',
      }),
    )
  })
}

function readJson(bytes: Buffer): JsonBody {
  if (!isUtf8(bytes)) throw new PomboError('bad_encoding')
  let text = bytes.toString('utf8')
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
  if (text === '') return noBody
  try {
    return { text, value: JSON.parse(text) as unknown }
  } catch (error) {
    throw new PomboError('bad_json', { detail: `${(error as Error).message}.` }, { cause: error })
  }
}

// Escapes that PostgreSQL's text cannot hold: U+0000, and halves of surrogate pairs, which UTF-8 has no form for.
const suspicious = /\\u(?:0000|d[89a-f])/i

/**
 * Refuses text that could not be stored as it is, naming its place. The body's members called `opaque` are passed over: payloads are kept as
 * JSON's own text, where any escape may stand. Costs one search of the text unless it holds such an escape.
 */
export function refuseUnstorable({ text, value }: JsonBody, opaque: readonly string[]): void {
  if (!suspicious.test(text)) return
  const problems: FieldProblem[] = []
  // With a list of its own instead of recursion, so that nesting cannot exhaust the stack.
  const waiting: { loc: string[]; value: unknown }[] = [{ loc: ['body'], value }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value === 'string') check(next.value, next.loc, problems)
    else if (typeof next.value === 'object' && next.value !== null) {
      for (const [key, member] of Object.entries(next.value)) {
        check(key, next.loc, problems)
        if (next.loc.length > 1 || !opaque.includes(key))
          waiting.push({ loc: [...next.loc, key], value: member })
      }
    }
    if (problems.length >= 10 || next.loc.length > 100) break
  }
  const [first] = problems
  if (first)
    throw new PomboError(
      'validation',
      { detail: `${first.loc.join('.')}: ${first.msg}` },
      { problems },
    )
}

function check(text: string, loc: string[], problems: FieldProblem[]): void {
  if (text.includes('\u0000'))
    problems.push({
      loc,
      msg: 'may not hold the character U+0000, which cannot be stored',
      type: 'value_error',
    })
  else if (!text.isWellFormed())
    problems.push({
      loc,
      msg: 'holds half of a surrogate pair, which is no character',
      type: 'value_error',
    })
}

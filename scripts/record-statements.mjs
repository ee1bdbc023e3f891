// What a process of the tests asks PostgreSQL: loaded into each by `npm run both-postgres`. Of Pombo's own statements,
// which are those that code under `src/` sends, each is written down once for every test that it is asked in.
import { appendFileSync } from 'node:fs'
import pg from 'pg'

const seen = new Set()

for (const prototype of [pg.Client.prototype, pg.Pool.prototype]) {
  const query = Reflect.get(prototype, 'query')
  prototype.query = function (first, ...rest) {
    const text = typeof first === 'string' ? first : first?.text
    if (typeof text === 'string') note(text)
    return query.call(this, first, ...rest)
  }
}

function note(text) {
  const by = process.env.POMBO_RECORDED_TEST
  if (by === undefined || seen.has(`${by} ${text}`) || !isPombos()) return
  seen.add(`${by} ${text}`)
  appendFileSync(`${process.env.POMBO_RECORD_STATEMENTS}/${process.pid}.jsonl`, `${JSON.stringify({ by, text })}\n`)
}

/** A pool hands a statement on to a client later, with nobody of ours on the stack: then the pool has told it. */
function isPombos() {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 60
  const lines = (new Error().stack ?? '').split('\n')
  Error.stackTraceLimit = stackTraceLimit
  const ours = lines.find((line) => line.includes('/packages/') && !line.includes('/node_modules/'))
  return ours !== undefined && /\/packages\/[\w-]+\/(?:src|dist)\//.test(ours)
}

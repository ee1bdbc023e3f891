import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { openPool } from '../../src/db/pool.ts'
import { serve } from './child.ts'

// The bare loop that Pombo is measured against: reads a POST, inserts it in a batch, POSTs it on, updates it in
// a batch. It checks
// nothing, signs nothing, retries nothing and forgets everything that goes wrong.
const { databaseUrl, receiverUrl, connections } = JSON.parse(process.argv[2]!) as {
  databaseUrl: string
  receiverUrl: string
  connections: number
}
const database = openPool(databaseUrl, 4, 'bare')
await database.query(
  'drop table if exists bare; create table bare (id bigserial primary key, payload text not null, status int)',
)
const receiver = new Pool(receiverUrl, { connections, pipelining: 1 })

let accepting: { text: string; done: (id: number) => void }[] = []
let inserting = 0
async function insert(): Promise<void> {
  if (inserting >= 2 || accepting.length === 0) return
  inserting += 1
  const batch = accepting.splice(0, 500)
  const { rows } = await database.query<{ id: number }>(
    'insert into bare (payload) select unnest($1::text[]) returning id',
    [batch.map((one) => one.text)],
  )
  batch.forEach((one, i) => one.done(rows[i]!.id))
  inserting -= 1
  setImmediate(() => void insert())
}

let delivered: { id: number; status: number }[] = []
let updating = false
async function update(): Promise<void> {
  if (updating || delivered.length === 0) return
  updating = true
  const batch = delivered.splice(0, 500)
  await database.query(
    'update bare set status = d.status from unnest($1::bigint[], $2::int[]) as d(id, status) where bare.id = d.id',
    [batch.map((one) => one.id), batch.map((one) => one.status)],
  )
  updating = false
  setImmediate(() => void update())
}

const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => (text += chunk))
  request.on('end', () => {
    const { payload } = JSON.parse(text) as { payload: unknown }
    const body = JSON.stringify(payload)
    accepting.push({
      text: body,
      done: (id) => {
        response.writeHead(202, { 'content-type': 'application/json' }).end(`{"id":${id}}`)
        void receiver
          .request({
            path: '/ok',
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
          })
          .then(async (answer) => {
            await answer.body.dump()
            delivered.push({ id, status: answer.statusCode })
            setImmediate(() => void update())
          })
      },
    })
    setImmediate(() => void insert())
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
serve({ urls: () => [`http://127.0.0.1:${(server.address() as AddressInfo).port}/`] })
process.on('SIGTERM', () => process.exit(0))

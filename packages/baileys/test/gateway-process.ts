// A gateway as a process of its own, to be killed: says each message's id on stdout once Baileys' emitter has handed
// it over.
import { setImmediate } from 'node:timers/promises'
import { connectBaileys } from '../src/connection.ts'
import { realEmitter } from './real-baileys.ts'

const [url = '', directory = '', from = '0', count = '0'] = process.argv.slice(2)
const sock = realEmitter()
const connection = connectBaileys(sock, {
  pombo: { url, token: 't' },
  session: 'loja',
  buffer: { directory },
  batch: { maxEvents: 10 },
})
process.stdout.write(`resumed ${connection.stats().resumed}\n`)
for (let n = Number(from); n < Number(from) + Number(count); n++) {
  const id = `M${n}`
  const key = { remoteJid: '5511999990001@s.whatsapp.net', remoteJidAlt: undefined, id }
  const messages = [{ key, message: { conversation: 'x'.repeat(500) } }]
  sock.ev.emit('messages.upsert', { messages: messages as never, type: 'notify' })
  process.stdout.write(`${id}\n`)
  await setImmediate()
}
await connection.flush()
process.stdout.write(`${JSON.stringify(await connection.close())}\n`)

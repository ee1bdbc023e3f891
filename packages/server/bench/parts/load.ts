import { Pool } from 'undici'
import { serve } from './child.ts'
import { percentile } from './figure.ts'
import type { NumberedLoad } from './stage.ts'

// 700 bytes, as a WhatsApp text message is in the gateways' JSON.
const filler = 'Olá! Tudo bem? Queria saber se o pedido já saiu para entrega. '.repeat(7)

function body(n: number): string {
  const id = `3EB0${n.toString(16).padStart(16, '0')}`
  const payload =
    `{"n":${n},"sentAt":${Date.now()},"session":"vendas-01","chat":"5511999999999@s.whatsapp.net",` +
    `"fromMe":false,"id":"${id}","type":"text","text":"${filler}"`
  const pad = 'x'.repeat(Math.max(0, 690 - payload.length))
  return `{"eventType":"message.received","payload":${payload},"pad":"${pad}"}}`
}

serve({
  run: async (load: NumberedLoad) => {
    const origin = new URL(load.urls[0]!).origin
    const pool = new Pool(origin, {
      connections: load.perSecond ? 64 : load.concurrency,
      pipelining: 1,
    })
    const paths = load.urls.map((url) => url.slice(origin.length))
    const headers = { 'content-type': 'application/json', ...load.headers }
    let accepted = 0
    let refused = 0
    const answeredMs: number[] = []
    const send = async (i: number): Promise<void> => {
      const sentAt = performance.now()
      const { statusCode, body: answer } = await pool.request({
        path: paths[i % paths.length]!,
        method: 'POST',
        headers,
        body: body(load.firstNumber + i),
      })
      await answer.dump()
      answeredMs.push(performance.now() - sentAt)
      if (statusCode < 300) accepted += 1
      else refused += 1
    }
    const startedAt = Date.now()
    if (load.perSecond) {
      const pending: Promise<void>[] = []
      for (let i = 0; i < load.count; i++) {
        const due = startedAt + (i * 1000) / load.perSecond
        const wait = due - Date.now()
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
        pending.push(send(i))
      }
      await Promise.all(pending)
    } else {
      let next = 0
      await Promise.all(
        Array.from({ length: load.concurrency }, async () => {
          while (next < load.count) await send(next++)
        }),
      )
    }
    await pool.close()
    const acceptedMs = Date.now() - startedAt
    answeredMs.sort((a, b) => a - b)
    const at = (share: number) => Math.round(percentile(answeredMs, share))
    return { accepted, refused, acceptedMs, answers: { p50: at(0.5), p99: at(0.99), max: at(1) } }
  },
})

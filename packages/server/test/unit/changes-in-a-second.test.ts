// Many changes of one message within one second, as each gateway words them: none is lost, and none counts twice.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { messageOf } from '../../src/sources/intake/message.ts'
import type { Source } from '../../src/sources/intake/settings.ts'
import { gateways } from '../../src/sources/gateways.ts'
import type { WhatsAppEvent } from '../../src/whatsapp/whatsapp.ts'
import { captures, recordedAtMs } from '../support/captures.ts'
import { gatewayRequest } from '../support/gateway-request.ts'
import { runs } from '../support/property-runs.ts'

/** One change: the id of the message that carries it, the millisecond of it, and what is said. */
interface Change {
  id: string
  ms: number
  said: string
}

/** A capture with the parts of it that are another change's. */
interface Wording {
  capture: string
  gateway?: string
  /** Of the capture, each where it has one. */
  id?: string
  ms?: string
  said?: string
  /** The envelope's own id and time, new for each event. */
  envelope?: readonly [string, string]
  change?: (body: string) => string
}

const known = new Map(captures().map((one) => [one.name, one]))
const second = 1_762_510_230_000
const go = '3EB0D1000'

/** Where the id of the change's own message is told, any two changes differ. */
const told: Record<string, Wording> = {
  'whatsmeow: an edit': {
    capture: 'whatsmeow-2026-08/message-edit',
    id: `${go}4`,
    ms: '1762510209000',
    said: 'Olá!',
  },
  'whatsmeow: a reaction': {
    capture: 'whatsmeow-2026-08/message-reaction',
    id: `${go}8`,
    said: '❤️',
  },
  'whatsmeow: an encrypted vote': {
    capture: 'whatsmeow-2026-08/message-poll-vote',
    id: '3EB0D20009',
    said: 'AQID',
  },
  'whatsmeow: an encrypted edit': {
    capture: 'whatsmeow-2026-08/message-edit',
    id: `${go}4`,
    said: 'BAUG',
    change: encrypted,
  },
  'wuzapi: an edit': {
    capture: 'wuzapi-2025/json-message-edit',
    id: '3EB0E20017',
    said: 'Corrigido',
  },
  'wuzapi: a reaction in a form': {
    capture: 'wuzapi-2025/form-message-reaction',
    id: '3EB0E20012',
    said: '%F0%9F%91%8D',
  },
  'Evolution Go: an edit': {
    capture: 'evolution-go-0.6.1/message-edit',
    id: '3EB0F2002C',
    said: 'Corrigido',
  },
  'zpwoot: an edit as a struct': {
    capture: 'whatsmeow-2026-08/message-edit',
    gateway: 'zpwoot',
    id: `${go}4`,
    said: 'Olá!',
    change: (body) =>
      JSON.stringify({
        event: 'message',
        session_id: 'loja',
        data: (JSON.parse(body) as { event: unknown }).event,
      }),
  },
  'GOWA 9: an edit': { capture: 'gowa-9.2/edited', id: '3EB0AA000A', said: 'Olá!' },
  'GOWA 9: a reaction': { capture: 'gowa-9.2/reaction', id: '3EB0AA0009', said: '👍' },
  'GOWA 7: an edit': { capture: 'gowa-7.4/edited', id: '3EB0BB0007', said: 'Oi!' },
  'GOWA 7: a reaction': { capture: 'gowa-7.4/reaction', id: '3EB0BB0005', said: '🙏' },
  'WAHA: an edit': {
    capture: 'waha-2026.7/edited',
    id: '3EB0CC0008',
    said: 'Olá!',
    envelope: ['evt_01k9x000000000000000000019', '1762510200250'],
  },
  'WAHA: a reaction': { capture: 'waha-2026.7/reaction', id: '3EB0CC0007', said: '🎉' },
  'WAHA: a vote': { capture: 'waha-2026.7/poll-vote', id: '3EB0CC000B', said: 'Pizza' },
  'WAHA: an answer to an event': {
    capture: 'waha-2026.7/event-response',
    id: '3EB0CD000A',
    said: 'GOING',
  },
  'Baileys: a reaction': {
    capture: 'baileys-7.0.0-rc14/reaction',
    id: '3EB0A1B2C3D4E5F6000C',
    said: '👍',
  },
  'Evolution: a reaction': {
    capture: 'evolution-2.3.7/messages-upsert-reaction',
    id: '3EB0C20063',
    said: '👍',
  },
  'Evolution Go: a reaction': { capture: 'evolution-go-0.6.1/message-reaction', id: '3EB0F2002B' },
  'uazapi: an edit': { capture: 'uazapi-2.0/edit-group', id: 'AC0013', said: 'Teste 2' },
  'uazapi: a reaction': { capture: 'uazapi-2.0/reaction-group', id: 'AC0012', said: '❤️' },
  'uazapi: a vote': { capture: 'uazapi-2.0/poll-vote', id: 'AC0011', said: 'AwQ=' },
  'WhatsApp Cloud: an edit': {
    capture: 'whatsapp-cloud-v24/edit',
    id: 'FDNBMDAwMDAw0020',
    said: 'Tem de outra cor ou tamanho?',
  },
  'WhatsApp Cloud: a reaction': {
    capture: 'whatsapp-cloud-v24/reaction',
    id: 'FDNBMDAwMDAw0018',
    said: '👍',
  },
  'WPPConnect: a reaction': { capture: 'wppconnect-2.8/reaction', id: '3EB0R1', said: '❤️' },
  'Z-API: a reaction': { capture: 'z-api-2026/reaction', id: '3AZ8REACTI', said: '❤️' },
  'Z-API: a vote': { capture: 'z-api-2026/poll-vote', id: '3AZ9POLL0V', said: 'Praia' },
  // What happens once to a message is told by its id.
  'whatsmeow: a receipt': { capture: 'whatsmeow-2026-08/receipt-delivered', id: `${go}B` },
  'whatsmeow: a deletion': { capture: 'whatsmeow-2026-08/message-revoke-by-admin', id: `${go}5` },
  'Baileys: a receipt': { capture: 'baileys-7.0.0-rc14/status-played', id: '3EB0A70002' },
  'Baileys: a deletion': { capture: 'baileys-7.0.0-rc14/revoke-upsert', id: 'A1B2C3D4E5F60002' },
  'Evolution: a receipt': { capture: 'evolution-2.3.7/messages-update', id: '3EB0C10003' },
  'Evolution: a deletion': { capture: 'evolution-2.3.7/messages-delete', id: '3EB0C10002' },
  'Evolution Go: a receipt': { capture: 'evolution-go-0.6.1/receipt', id: '3EB0F10002' },
  'GOWA 9: a receipt': { capture: 'gowa-9.2/ack-delivered', id: '3EB0AA000C' },
  'GOWA 9: a deletion': { capture: 'gowa-9.2/revoked', id: '3EB0AA0001' },
  'WAHA: a receipt': { capture: 'waha-2026.7/ack-read', id: '3EB0CC0002' },
  'WAHA: a deletion': { capture: 'waha-2026.7/revoked', id: '3EB0CC0001' },
  'WhatsApp Cloud: a receipt': {
    capture: 'whatsapp-cloud-v24/status-read',
    id: 'QTAwMDAwMDAwMDAwMDAwMAA',
  },
  'WhatsApp Cloud: a deletion': { capture: 'whatsapp-cloud-v24/revoke', id: 'ORIGINAL1' },
  'WPPConnect: a receipt': { capture: 'wppconnect-2.8/ack-read', id: '3EB0C1' },
  'WPPConnect: a deletion': { capture: 'wppconnect-2.8/revoke', id: '3EB004TEXT' },
  'uazapi: a deletion': { capture: 'uazapi-2.0/revoke', id: 'AC0001' },
  'Z-API: a deletion': { capture: 'z-api-2026/revoke', id: '3AZ4TEXT' },
  'Twilio: a receipt': { capture: 'twilio-whatsapp-2026/status-read', id: 'SM0C01' },
}

/** Where it is not, they differ by their millisecond and by what they say. */
const timed: Record<string, Wording> = {
  'Evolution: an edit': {
    capture: 'evolution-2.3.7/messages-edited',
    ms: '1762510220000',
    said: 'Qual o horário hoje?',
  },
  'WAHA: an edit that gives the edited message': {
    capture: 'waha-2026.7/edited',
    said: 'Olá!',
    envelope: ['evt_01k9x000000000000000000019', '1762510200250'],
    change: (body) =>
      body.replace('5511999990001@c.us_3EB0CC0008', '5511999990001@c.us_3EB0CC0001'),
  },
  'whatsmeow: an edit in a channel': {
    capture: 'whatsmeow-2026-08/message-text',
    ms: '"EDITED-AT"',
    said: 'Olá',
    change: (body) =>
      body
        .replace('"Edit":""', '"Edit":"1"')
        .replace('"NewsletterMeta":null', '"NewsletterMeta":{"EditTS":"EDITED-AT"}'),
  },
  'Baileys: a reaction without its key': {
    capture: 'baileys-7.0.0-rc14/reaction',
    ms: '{"low":1573658640,"high":410,"unsigned":true}',
    said: '👍',
    change: (body) => body.replace(/"reaction":\{"key":\{[^}]*\},/, '"reaction":{'),
  },
  'WPPConnect: a vote': {
    capture: 'wppconnect-2.8/poll-vote',
    ms: '1762510274697',
    said: 'Praia',
  },
  'Z-API: an edit': {
    capture: 'z-api-2026/edit',
    ms: '1762510200000',
    said: 'Tem de outra cor, azul?',
  },
}

/** Where the second alone is told, they differ by what they say. */
const worded: Record<string, Wording> = {
  'Baileys: an edit in messages.update': {
    capture: 'baileys-7.0.0-rc14/edit-update',
    said: 'Olá! Tudo bem?',
  },
  'Baileys: an edit in messages.upsert': {
    capture: 'baileys-7.0.0-rc14/edit-upsert-and-update',
    id: '3EB0A1B2C3D4E5F60009',
    ms: '"1762510230123"',
    said: 'Olá! Tudo bem?',
  },
  'Evolution: a count of votes': { capture: 'evolution-2.3.7/poll-votes', said: 'Pizza' },
  'GOWA 9: an edit without an id': {
    capture: 'gowa-9.2/edited',
    said: 'Olá!',
    change: (body) => body.replace('"id":"3EB0AA000A",', ''),
  },
}

function encrypted(body: string): string {
  const edit = /"protocolMessage":\{.*?"timestampMS":\d+\}/g
  const instead =
    '"secretEncryptedMessage":{"targetMessageKey":' +
    '{"remoteJID":"5511999990001@s.whatsapp.net","fromMe":true,"ID":"3EB0D10001"},' +
    '"encPayload":"BAUG","encIV":"AQID","secretEncType":2}'
  return body.replaceAll(edit, instead)
}

async function eventsOf(wording: Wording, { id, ms, said }: Change): Promise<WhatsAppEvent[]> {
  const given = known.get(wording.capture)!
  let body = wording.change?.(given.body) ?? given.body
  for (const [old, by] of [
    [wording.said, said],
    [wording.id, id],
    [wording.envelope?.[0], `evt_${id}_${ms}_${said}`],
    [wording.envelope?.[1], String(second + ms)],
    [
      wording.ms,
      wording.ms?.startsWith('"EDITED')
        ? JSON.stringify(new Date(second + ms))
        : String(second + ms),
    ],
  ] as const) {
    if (old === undefined) continue
    expect(body).toContain(old)
    body = body.replaceAll(old, by)
  }
  const request = gatewayRequest({
    headers: given.headers,
    ...given.path,
    rawBody: Buffer.from(body),
    receivedAtMs: recordedAtMs,
  })
  const parsed = await gateways.get(wording.gateway ?? given.gateway)!.parse(request)
  if (parsed.outcome !== 'events' || parsed.events.length !== 1)
    throw new Error(JSON.stringify(parsed))
  return parsed.events
}

const source = { tenantId: 't', dedupeSeconds: 86_400 } as Source

/** As `ingest` takes them: new is what takes all of its keys, and a repeat takes those that are free. */
function taken(events: readonly WhatsAppEvent[]): number {
  const held = new Set<string>()
  let fresh = 0
  for (const event of events) {
    const keys = (messageOf(event, source, 'a').dedupe ?? []).map(({ key }) => key)
    expect(keys).not.toEqual([])
    if (keys.every((key) => !held.has(key))) fresh += 1
    for (const key of keys) held.add(key)
  }
  return fresh
}

const change = fc.record({
  id: fc
    .integer({ min: 0, max: 0xff_ffff })
    .map((n) => `3EB0F${n.toString(16).toUpperCase().padStart(6, '0')}`),
  ms: fc.nat(999),
  said: fc.constantFrom('first', 'second', 'third'),
})

/** What tells changes apart is drawn unique, as ids always are; the rest repeats. Each comes twice, in any order. */
async function holds(wordings: readonly Wording[], apart: (one: Change) => string | number) {
  const history = fc
    .uniqueArray(change, { selector: apart, minLength: 2, maxLength: 8 })
    .chain((drawn) => {
      const changes = drawn.map((one, index) => ({ ...one, id: `${one.id}${index}` }))
      const all = [...changes, ...changes].flatMap((one) =>
        wordings.map((wording) => ({ one, wording })),
      )
      const order = fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
      return fc.record({ changes: fc.constant(changes), order })
    })
  await fc.assert(
    fc.asyncProperty(history, async ({ changes, order }) => {
      const events: WhatsAppEvent[] = []
      for (const { one, wording } of order) events.push(...(await eventsOf(wording, one)))
      expect(taken(events)).toBe(changes.length)
    }),
    { numRuns: runs(40) },
  )
}

test('histories are drawn for every gateway of WhatsApp that there are captures of', () => {
  const wordings = Object.values({ ...told, ...timed, ...worded })
  const drawn = wordings.map((one) => one.gateway ?? known.get(one.capture)!.gateway)
  expect(new Set(drawn)).toEqual(new Set([...known.values()].map(({ gateway }) => gateway)))
})

describe('there are as many events as changes, each of which comes twice', () => {
  test.each(Object.entries(told))('%s', async (_, wording) => {
    await holds([wording], ({ id }) => id)
  })

  test.each(Object.entries(timed))('%s', async (_, wording) => {
    await holds([wording], ({ ms, said }) => `${ms} ${said}`)
  })

  test.each(Object.entries(worded))('%s', async (_, wording) => {
    await holds([wording], ({ said }) => said)
  })
})

test('edits that Baileys tells by messages.upsert and by messages.update are one each, in any order', async () => {
  const both = Object.entries(worded).flatMap(([name, one]) =>
    name.startsWith('Baileys') ? [one] : [],
  )
  expect(both).toHaveLength(2)
  await holds(both, ({ said }) => said)
})

test('one edit is one under whatsmeow’s, wuzapi’s and Evolution Go’s words', async () => {
  const edit = (name: string) => ({
    ...told[name]!,
    change: (body: string) => body.replaceAll('"3EB0D10001"', '"3EB0T"'),
  })
  await holds(
    [edit('whatsmeow: an edit'), edit('wuzapi: an edit'), edit('Evolution Go: an edit')],
    ({ id }) => id,
  )
})

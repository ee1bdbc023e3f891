import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import { payloadValue } from '../../core/raw-payload.ts'
import { compileFilter } from '../../route/filter.ts'
import { cel, channel, eventTypeName, time, between } from '../field.ts'
import { fillPayloads, listMessages } from '../messages/store.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { codedOut, showCoded } from '../coded.ts'

export type TryFilterDeps = Needs<'db' | 'payloads'>

/** Payloads that are read for one trial, in all. */
const READ_BYTES = 8 * 1024 * 1024

const filterTrialIn = z
  .object({
    filter: cel(4_096)
      .min(1)
      .meta({ format: 'cel', examples: ['payload.amount > 100'] }),
    eventTypes: z.array(eventTypeName).min(1).max(100).nullish(),
    channel: channel.nullish(),
    limit: between(1, 100).optional().describe('Messages; default 50'),
  })
  .meta({
    id: 'FilterTrialIn',
    examples: [{ filter: 'payload.amount > 100', eventTypes: ['order.paid'], limit: 2 }],
  })

const filterTrialOut = z
  .object({
    ok: z.boolean(),
    problem: z.string().nullable().describe('What is wrong with the filter itself'),
    problemCoded: codedOut,
    looked: z.int(),
    matched: z.int(),
    data: z.array(
      z.object({
        messageId: z.string(),
        eventType: z.string(),
        createdAt: time,
        matched: z.boolean(),
        reason: z.string().nullable().describe('Why the filter failed on it'),
        reasonCoded: codedOut,
      }),
    ),
  })
  .meta({
    id: 'FilterTrialOut',
    examples: [
      {
        ok: true,
        problem: null,
        problemCoded: null,
        looked: 1,
        matched: 1,
        data: [
          {
            messageId: 'msg_01hzy3k9v2e8r5c7m4n6p8q0sa',
            eventType: 'order.paid',
            createdAt: '2026-01-31T09:30:00.000Z',
            matched: true,
            reason: null,
            reasonCoded: null,
          },
        ],
      },
    ],
  })

/** `POST …/try/filter`: which of the last messages a filter would let through. */
export function tryFilterRoute({ db, payloads }: TryFilterDeps): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/try/filter',
    id: 'v1.try.filter',
    tag: 'Endpoint',
    summary: 'Try a payload filter on the application’s last messages',
    description: 'Newest first, those whose payload is still there. Nothing is sent or kept.',
    access: 'app',
    idempotency: 'own',
    body: filterTrialIn,
    answers: { 200: { description: 'Which messages match', body: filterTrialOut } },
    async handle({ appId, body }) {
      const compiled = compileFilter(body.filter)
      const nothing = { looked: 0, matched: 0, data: [] }
      if (!compiled.ok) {
        const { problem } = compiled
        return json(200, { ok: false, problem, problemCoded: showCoded(problem), ...nothing })
      }
      const found = await listMessages(
        db,
        appId,
        { event_types: body.eventTypes ?? undefined, channel: body.channel ?? undefined },
        { at: null, after: undefined, back: false, order: 'descending', limit: body.limit ?? 50 },
      )
      let bytes = 0
      const read = found.filter((one) => (bytes += one.payloadBytes) <= READ_BYTES)
      await fillPayloads({ db, payloads }, read)
      const data = read
        .filter((one) => one.payload !== null)
        .slice(0, body.limit ?? 50)
        .map((one) => {
          const judged = compiled.filter({
            payload: payloadValue({ payload: one.payload!, contentType: one.contentType ?? null }),
            eventType: one.eventType,
            channels: one.channels ?? [],
            tags: one.tags ?? [],
            messageId: showId('message', one.id),
            timestamp: iso(one.createdAtMs),
          })
          return {
            messageId: showId('message', one.id),
            eventType: one.eventType,
            createdAt: iso(one.createdAtMs),
            ...judged,
            reasonCoded: showCoded(judged.reason),
          }
        })
      const matched = data.filter((one) => one.matched).length
      const looked = data.length
      return json(200, { ok: true, problem: null, problemCoded: null, looked, matched, data })
    },
  })
}

/** The requests of this dialect: devices registered, changed, shown, removed, and what their containers report. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { deviceEvent } from '../../whatsapp/device/device-event.ts'
import { invalid, PomboError } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import type { DialectRoutes } from '../contract/dialect.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'
import { basic, bodyOf, header, param, readBody, wholeNumber } from '../contract/request.ts'
import {
  Answer,
  created,
  keyedRoutes,
  noContent,
  type Routes,
  errorRefusal,
} from '../contract/routes.ts'
import {
  checkDevice,
  deviceIn,
  deviceMark,
  freshHash,
  newDeviceIn,
  saveDevice,
  showDevice,
  webhookUid,
} from './registration.ts'

const devices = '/api/devices'
const device = `${devices}/:hash`

export const deviceStatusRoutes: DialectRoutes = {
  mount(app, ports) {
    const on = keyedRoutes(app, ports, basic)
    registration(on, ports)
    reading(on, ports)
    reports(on, ports)
    // Where the document says that the API is described.
    app.get('/api/docs', async (_request, reply) => reply.redirect('/api/v1/docs'))
  },
  refusal: errorRefusal,
}

/** The document names the device in a header; its path does as well. */
async function found(
  ports: DialectPorts,
  caller: Caller,
  request: FastifyRequest,
): Promise<DialectApp> {
  const id = param(request, 'hash') || header(request, 'x-instance-id')
  if (!id) throw invalid(['header', 'x-instance-id'], 'field required', 'value_error.missing')
  const app = await ports.apps.find(caller, id)
  if (!app) throw new PomboError('not_found', { what: 'device', id })
  return app
}

async function shown(ports: DialectPorts, app: DialectApp): Promise<object> {
  const [webhook, states] = await Promise.all([
    ports.endpoints.find(app, webhookUid),
    ports.devices.states([app]),
  ])
  return showDevice(app, webhook, states.get(app.id))
}

function registration(on: Routes, ports: DialectPorts): void {
  on.post(devices, async (caller, request) => {
    const given = readBody(newDeviceIn, request)
    checkDevice(ports, given, undefined)
    const hash = given.deviceHash ?? freshHash()
    const one = await ports.apps.create(caller, { uid: hash, name: hash, metadata: deviceMark })
    try {
      await saveDevice(ports, one, { ...given, gatewayUrl: given.gatewayUrl ?? null }, undefined)
    } catch (error) {
      await ports.apps.delete(caller, one.id)
      throw error
    }
    return created(await shown(ports, one))
  })
  for (const path of [devices, device]) {
    on.put(path, async (caller, request) => {
      const one = await found(ports, caller, request)
      const given = readBody(deviceIn, request)
      const webhook = await ports.endpoints.find(one, webhookUid)
      checkDevice(ports, given, webhook)
      await saveDevice(ports, one, given, webhook)
      // From now on it is listed, if it was made by something else than this API.
      const metadata = { ...one.metadata, ...deviceMark }
      return await shown(ports, await ports.apps.patch(caller, one.id, { metadata }))
    })
    on.delete(path, async (caller, request) => {
      await ports.apps.delete(caller, (await found(ports, caller, request)).id)
      return noContent
    })
  }
}

const listQuery = z.object({
  limit: wholeNumber(1, 200).optional(),
  offset: wholeNumber(0, 1_000_000).optional(),
})

function reading(on: Routes, ports: DialectPorts): void {
  on.query(devices, listQuery, async (caller, { limit = 50, offset = 0 }, request) => {
    if (header(request, 'x-instance-id'))
      return await shown(ports, await found(ports, caller, request))
    const { rows, total } = await ports.apps.list(caller, { metadata: deviceMark, limit, offset })
    const states = await ports.devices.states(rows)
    const list = await Promise.all(
      rows.map(async (one) =>
        showDevice(one, await ports.endpoints.find(one, webhookUid), states.get(one.id)),
      ),
    )
    return { devices: list, total, limit, offset }
  })
  on.get(device, async (caller, request) => {
    return await shown(ports, await found(ports, caller, request))
  })
}

const reportIn = z.looseObject({
  code: z.string().min(1).max(200),
  message: z.string().max(10_000).nullish(),
})

function reports(on: Routes, ports: DialectPorts): void {
  on.post(`${device}/events`, async (caller, request) => {
    readBody(reportIn, request)
    const one = await found(ports, caller, request)
    const session = one.uid ?? one.id
    const event = deviceEvent(bodyOf(request).text, session, ports.clock.now())!
    const accepted = await ports.accept({
      tenantId: one.tenantId,
      appId: one.id,
      eventType: event.reading.eventType,
      payload: event.payload,
      form: 'whatsapp',
      orderingKey: session,
    })
    await ports.devices.told(one, event).catch((error: unknown) => {
      // The event itself is safe; reported again it would be two.
      ports.report(error, 'what a device reported last could not be noted')
    })
    const { type, code, status } = event.reading
    const body = {
      ...(accepted.outcome === 'accepted' && { id: showId('message', accepted.message.id) }),
      deviceHash: session,
      status,
      event: { type, code },
      timestamp: iso(event.atMs),
    }
    return new Answer(202, JSON.stringify(body))
  })
}

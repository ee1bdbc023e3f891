import { z } from 'zod'
import { charsetOf } from '../../core/charset.ts'
import { contentTypeProblem } from '../../core/raw-payload.ts'
import { headerProblem } from '../../core/request-headers.ts'
import { given, together, whenever } from '../field.ts'
import { say } from '../../core/sentences/sentences.ts'

/** Svix's way to send any text: byte for byte, with a content type of its own. */
export const transformationsParams = z
  .object({
    rawPayload: z
      .string()
      .nullish()
      .meta({
        description:
          'Sent byte for byte instead of `payload`, and signed as sent. Shown as a string where messages ' +
          'are shown, unless it is plain JSON',
        examples: ['<invoice id="1"/>'],
      }),
    headers: z
      .record(
        z.string().meta({ pattern: '^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Tt][Yy][Pp][Ee]$' }),
        z.string().meta({ format: 'media-type', maxLength: 256 }),
      )
      .meta({ maxProperties: 1 })
      .nullish()
      .superRefine((headers, context) => {
        for (const [name, value] of Object.entries(headers ?? {})) {
          const problem = rawHeaderProblem(name, value)
          if (problem !== undefined)
            context.addIssue({ code: 'custom', path: [name], message: problem })
        }
      })
      .meta({
        description: 'Of these only `content-type`; default application/json',
        examples: [{ 'content-type': 'text/xml' }],
      }),
  })
  .superRefine(({ rawPayload, headers }, context) => {
    if (rawPayload == null && Object.keys(headers ?? {}).length > 0)
      context.addIssue({
        code: 'custom',
        path: ['headers'],
        message: say('headers_of_raw'),
      })
    if (Object.keys(headers ?? {}).length > 1)
      context.addIssue({ code: 'custom', path: ['headers'], message: say('content_type_twice') })
    const problem = charsetProblem(rawPayload, Object.values(headers ?? {})[0])
    if (problem !== undefined)
      context.addIssue({ code: 'custom', path: ['headers'], message: problem })
  })
  .meta({
    id: 'TransformationsParams',
    ...together(
      whenever(
        {
          required: ['headers'],
          properties: { headers: { type: 'object', minProperties: 1 } },
        },
        given('rawPayload'),
      ),
    ),
  })

function rawHeaderProblem(name: string, value: string): string | undefined {
  if (name.toLowerCase() === 'content-type') return contentTypeProblem(value)
  return headerProblem(name, value) ?? say('header_of_endpoint')
}

/** What is sent is UTF-8: under another name its receiver would read other characters. */
function charsetProblem(text: string | null | undefined, type: string | undefined) {
  const charset = charsetOf(type)
  // oxlint-disable-next-line no-control-regex -- ASCII is the same in all of them
  if (text == null || /^utf-?8$/.test(charset) || /^[\x00-\x7f]*$/.test(text)) return undefined
  return say('charset_of_raw', { charset: charset.slice(0, 40) })
}

const nothing = {
  anyOf: [{ type: 'null' }, { type: 'object', maxProperties: 0 }, { type: 'array', maxItems: 0 }],
}

/** Of the two names one, where nothing is sent in raw. */
export const payloadOrData = together({
  anyOf: [{ required: ['payload'] }, { required: ['data'] }],
})

/** `checkPayload` as the document says it. */
export const payloadOrRaw = together(
  whenever(
    {
      required: ['transformationsParams'],
      properties: {
        transformationsParams: {
          type: 'object',
          required: ['rawPayload'],
          properties: { rawPayload: { type: 'string' } },
        },
      },
    },
    { properties: { payload: nothing, data: nothing } },
    payloadOrData.allOf[0],
  ),
)

const isNothing = (payload: unknown): boolean =>
  payload == null || (typeof payload === 'object' && Object.keys(payload).length === 0)

/** A message has a payload, or a raw one and then no other. */
export function checkPayload(
  given: {
    payload?: unknown
    transformationsParams?: z.output<typeof transformationsParams> | null | undefined
  },
  context: z.RefinementCtx,
): void {
  const isRaw = given.transformationsParams?.rawPayload != null
  if (!isRaw && given.payload === undefined)
    context.addIssue({
      code: 'invalid_type',
      expected: 'nonoptional',
      input: undefined,
      path: ['payload'],
    })
  if (isRaw && !isNothing(given.payload))
    context.addIssue({
      code: 'custom',
      path: ['payload'],
      message: say('payload_beside_raw'),
    })
}

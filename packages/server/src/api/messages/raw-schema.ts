import { z } from 'zod'
import { contentTypeProblem } from '../../core/raw-payload.ts'
import { headerProblem } from '../../core/request-headers.ts'

/** Svix's way to send any text: byte for byte, with a content type of its own. */
export const transformationsParams = z
  .strictObject({
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
      .record(z.string(), z.string())
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
        message: 'are those of a rawPayload; give one',
      })
    if (Object.keys(headers ?? {}).length > 1)
      context.addIssue({ code: 'custom', path: ['headers'], message: 'name content-type twice' })
  })
  .meta({ id: 'TransformationsParams' })

function rawHeaderProblem(name: string, value: string): string | undefined {
  if (name.toLowerCase() === 'content-type') return contentTypeProblem(value)
  return (
    headerProblem(name, value) ??
    'is not offered for one message; set it on the endpoint, or by its transformation'
  )
}

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
      message:
        'is given beside transformationsParams.rawPayload, which is sent instead of it; leave it out, or send {}',
    })
}

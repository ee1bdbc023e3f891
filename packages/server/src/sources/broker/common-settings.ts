/** What every broker's settings have besides their own. */
import { z } from 'zod'
import type { EndpointTls } from '../../core/endpoint-access.ts'
import type { BrokerSettings } from './kind.ts'
import { say } from '../../core/sentences/sentences.ts'

const pem = z.string().min(1).max(65_536).optional()

export const commonSettings = {
  batch: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: 'Messages that a node takes together; default 100' }),
  paused: z
    .boolean()
    .optional()
    .meta({ description: 'Nothing is read while it is true; what comes waits in the broker' }),
  ca: pem.meta({ description: 'The only authorities that its certificate may come from, PEM' }),
  cert: pem.meta({ description: 'Certificate shown to the broker, PEM; goes with key' }),
  key: pem.meta({ description: "The certificate's private key, PEM; shown as `***`" }),
}

/** Names of queues, groups and the like, as people choose them. */
export function brokerName(description: string, example: string) {
  return (
    z
      .string()
      .min(1)
      .max(255)
      // oxlint-disable-next-line no-control-regex -- these are looked for
      .refine((text) => !/[\u0000-\u001f\u007f]/.test(text), say('control_characters'))
      .meta({ description, examples: [example] })
  )
}

/** Certificates of its own; null: those of the server. */
export function tlsOf({ ca, cert, key }: BrokerSettings): EndpointTls | null {
  if (ca === undefined && cert === undefined) return null
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
}

import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import { KeptAnswers } from '../overview/kept.ts'
import { json, type Route, route } from '../route.ts'
import type { Said } from '../../core/said.ts'
import { component } from '../field.ts'

export interface ShownFinding {
  level: 'ok' | 'warn' | 'fail'
  name: string
  detail: string
  mend?: string
  code?: string
  values?: Readonly<Record<string, string | number>>
  because?: Pick<Said, 'code' | 'values'>
}

const findingsOut = component('DoctorOut', {
  data: z.array(
    z.object({
      level: z.enum(['ok', 'warn', 'fail']),
      name: z.string(),
      detail: z.string(),
      mend: z.string().nullable().describe('What to do about it'),
      code: z
        .string()
        .nullable()
        .meta({
          description: 'Of the sentences, for programs; the values stand in them',
          examples: ['clock_ahead'],
        }),
      values: z.record(z.string(), z.union([z.string(), z.number()])),
      because: z
        .object({
          code: z.string(),
          values: z.record(z.string(), z.union([z.string(), z.number()])),
        })
        .nullable()
        .describe('Of the `reason` among the values, for programs'),
    }),
  ),
})

/** `GET /api/v1/system/doctor`: what `pombo doctor` says, without a shell. */
export function doctorRoute(diagnose: () => Promise<ShownFinding[]>, clock: Clock): Route {
  const kept = new KeptAnswers<ShownFinding[]>(clock)
  return route({
    at: 'GET /api/v1/system/doctor',
    id: 'v1.system.doctor',
    tag: 'System',
    summary: 'What is wrong with the host and the database, and how to mend it',
    description:
      'As `pombo doctor` says. Takes up to some seconds; a recent answer is given again.',
    access: 'operator',
    answers: { 200: { description: 'The findings', body: findingsOut } },
    async handle() {
      const { value } = await kept.get('', diagnose)
      return json(200, { data: value.map(shown) })
    },
  })
}

function shown({ level, name, detail, mend, code, values, because }: ShownFinding) {
  const { code: why, values: whyValues } = because ?? {}
  return {
    level,
    name,
    detail,
    mend: mend ?? null,
    code: code ?? null,
    values: { ...values },
    because: why === undefined ? null : { code: why, values: { ...whyValues } },
  }
}

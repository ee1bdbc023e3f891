import type { Clock } from '../core/clock.ts'
import type { SignatureHeaders } from '../core/endpoint.ts'
import type { Pool } from '../db/pool.ts'
import type { Seal } from '../db/seal.ts'
import { transformProblem } from '../deliver/transform/transform.ts'
import { type createDialects, endpointRules } from '../dialects/dialects.ts'
import type { Log } from '../observe/log.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import { compileFilter } from '../route/filter.ts'
import { chatFilterProblems } from '../whatsapp/chat-filter.ts'

interface Parts {
  pool: Pool
  seal: Seal
  clock: Clock
  log: Log
  urlProblem: (url: string) => string | undefined
  dialects: ReturnType<typeof createDialects>
  signatureHeaders: SignatureHeaders
}

/** The registry, with the checks of an endpoint's settings that other rooms know. */
export function openRegistry({ log, urlProblem, dialects, ...parts }: Parts): Registry {
  return createRegistry({
    ...parts,
    rules: {
      checkUrl: urlProblem,
      checkFilter(expression) {
        const compiled = compileFilter(expression)
        return compiled.ok ? undefined : compiled.problem
      },
      checkTransform: transformProblem,
      chatFilterProblems,
      ...endpointRules(dialects),
    },
    report: (error, about) => log.main.error({ err: error }, about),
    mended: (about) => log.main.info(about),
  })
}

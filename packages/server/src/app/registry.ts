import type { Clock } from '../core/clock.ts'
import type { SignatureHeaders } from '../core/endpoint.ts'
import type { EndpointDefaults } from '../core/endpoint-defaults.ts'
import { type Coded, refusedAddress } from '../core/field-problem.ts'
import type { Permission } from '../core/outcome.ts'
import type { Pool } from '../db/pool.ts'
import type { Seal } from '../db/seal.ts'
import { transformProblem } from '../deliver/transform/transform.ts'
import { type Destinations, destinationRules } from '../destinations/destinations.ts'
import { type createDialects, endpointRules } from '../dialects/dialects.ts'
import type { Log } from '../observe/log.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import { compileFilter } from '../route/filter.ts'
import { chatFilterProblems } from '../whatsapp/chat-filter.ts'
import { because } from '../core/sentences/sentences.ts'

interface Parts {
  pool: Pool
  seal: Seal
  clock: Clock
  log: Log
  /** The address guard's. */
  checkUrl: (url: string) => Permission
  dialects: ReturnType<typeof createDialects>
  signatureHeaders: SignatureHeaders
  defaults: EndpointDefaults
  destinations: Destinations
  cacheBytes: number
}

/** The registry, with the checks of an endpoint's settings that other rooms know. */
export function openRegistry({ log, checkUrl, dialects, destinations, ...parts }: Parts): Registry {
  return createRegistry({
    ...parts,
    rules: {
      checkUrl(url) {
        const permission = checkUrl(url)
        return permission.allowed ? undefined : refusedAddress(permission)
      },
      checkFilter(expression) {
        const compiled = compileFilter(expression)
        return compiled.ok ? undefined : unreadable(compiled.problem)
      },
      checkTransform(expression, part) {
        const problem = transformProblem(expression, part)
        return problem === undefined ? undefined : unreadable(problem)
      },
      chatFilterProblems,
      destinations: destinationRules(destinations),
      ...endpointRules(dialects),
    },
    report: (error, about) => log.main.error({ err: error }, about),
    mended: (about) => log.main.info(about),
  })
}

/** The words are those of whoever reads the expression: they say where. */
function unreadable(msg: string): Coded {
  return { msg, code: 'expression', values: { message: msg }, ...because(msg) }
}

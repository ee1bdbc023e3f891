import { secretFileVariables } from './secret-files.ts'
import { nearest } from '../core/nearest.ts'
import type { Setting } from '../core/setting.ts'

/**
 * Under what names variables are known. In YAML a variable is written without `POMBO_` and in camel case:
 * `POMBO_MAX_BODY_BYTES` is `maxBodyBytes`, `DATABASE_URL` is `databaseUrl`.
 */
export const keyOf = (variable: string): string =>
  variable
    .replace(/^POMBO_/, '')
    .toLowerCase()
    .replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** A value as YAML writes it. */
export const inYaml = (text: string): string =>
  /^[\w/.][\w/.:@+=-]*$/.test(text) ? text : JSON.stringify(text)

/** Variables that a file may set: all but the one that names the file. */
export function variablesOf(settings: readonly Setting<unknown>[]): string[] {
  return [...settings.map(({ variable }) => variable), ...secretFileVariables(settings)]
}

/** The test suite's own, such as the server to test against; processes that it starts inherit them. */
const testPrefix = 'POMBO_TEST_'

/** Variables of the environment that look like Pombo's and are none. */
export function unknownInEnvironment(
  env: Record<string, string | undefined>,
  variables: readonly string[],
): string[] {
  const known = new Set([...variables, 'POMBO_CONFIG'])
  return Object.entries(env).flatMap(([variable, value]) =>
    !variable.startsWith('POMBO_') ||
    known.has(variable) ||
    variable.startsWith(testPrefix) ||
    madeByKubernetes(variable, value ?? '')
      ? []
      : [`${variable} is not a variable of Pombo.${didYouMean(variable, known)}`],
  )
}

/** Variables of OpenTelemetry's standard that Pombo does not read. */
export function unreadOfOtel(
  env: Record<string, string | undefined>,
  variables: readonly string[],
): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('OTEL_') && env[name] !== '' && !variables.includes(name))
    .toSorted()
}

/** Kubernetes puts the addresses of each service into every pod; those of one called `pombo` begin with POMBO_. */
function madeByKubernetes(variable: string, value: string): boolean {
  if (/_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$/.test(variable)) return true
  return (
    /_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/.test(variable) &&
    (/_PORT_\d+_/.test(variable) || /^\w+:\/\//.test(value))
  )
}

export function didYouMean(name: string, known: Iterable<string>): string {
  const meant = nearest(name, known)
  return meant ? ` Did you mean ${meant}?` : ' "pombo config" lists them all.'
}

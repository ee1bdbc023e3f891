import { withoutKeys } from './hidden-keys.ts'
import type { Refused } from './outcome.ts'
import { say } from './sentences/sentences.ts'

const maxLocationCharacters = 500

/** Where a redirect points, without what opens it, for the text of an attempt: receivers move, and there it is seen. */
export function whereTo({ statusCode, responseHeaders }: Refused): string {
  const { location } = responseHeaders
  if (statusCode < 300 || statusCode > 399 || !location?.trim()) return ''
  // oxlint-disable-next-line no-control-regex -- lenient receivers' headers hold them, and the database takes no U+0000
  const shown = withoutKeys(location.replaceAll(/[\u0000-\u001f\u007f]/g, '?')).replace(
    /^([a-z][a-z\d+.-]*:)?\/\/[^/?#]*@/i,
    '$1//***@',
  )
  const cut = shown.slice(0, maxLocationCharacters).toWellFormed()
  const whole = shown.length <= maxLocationCharacters
  return `, ${say('redirected', { location: whole ? cut : `${cut}…` })}`
}

/**
 * A portal's link carries its token after the `#`, which no server, log or referrer gets to see. It is taken out of
 * the address before anything else happens.
 */
export function takePortalToken(
  location: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState'>,
): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return undefined
  history.replaceState(null, '', location.pathname + location.search)
  return token
}

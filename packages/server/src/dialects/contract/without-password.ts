/** A URL as it may be shown. */
export function withoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password === '') return url
  shown.password = '***'
  return shown.href
}

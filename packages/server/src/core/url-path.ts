/** The URL with a path appended to its own; its query stays. */
export function withPath(url: string, path: string): string {
  const target = new URL(url)
  target.pathname = `${target.pathname.replace(/\/$/, '')}/${path.replace(/^\/+/, '')}`
  return target.href
}

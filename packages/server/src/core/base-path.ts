/** A URL with the path below which Pombo is reached at its end; one that has it already stays as it is. */
export function withBasePath(url: string, basePath: string): string {
  const origin = url.replace(/\/+$/, '')
  return basePath === '' || origin.endsWith(basePath) ? origin : origin + basePath
}

/** What is behind it. A path that is not below it stays as it is: some proxies take it away themselves. */
export function belowBasePath(path: string, basePath: string): string {
  if (basePath === '' || !path.startsWith(basePath)) return path
  const rest = path.slice(basePath.length)
  if (rest.startsWith('/')) return rest
  return rest === '' || rest.startsWith('?') ? `/${rest}` : path
}

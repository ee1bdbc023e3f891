// What was thrown may be anything.

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** As the system (`ENOENT`), PostgreSQL (`40001`) or a library gave it; '' without one. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}

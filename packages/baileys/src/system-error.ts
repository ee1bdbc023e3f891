/** Whether an error is the file system's or the network's, which pass, and not a mistake of this program. */
export function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string'
}

// What tests ask of a Pombo over HTTP, and what they are answered.
export interface CallOptions {
  body?: unknown
  /** Instead of `body`, to the letter. */
  text?: string
  headers?: Record<string, string>
}

export interface Called {
  status: number
  headers: Headers
  text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of all shapes
  body: any
}

/** `fetched`: where answers are checked on their way. */
export async function called(
  url: string,
  method: string,
  { body, text, headers }: CallOptions = {},
  fetched = fetch,
): Promise<Called> {
  const sent = text ?? (body === undefined ? undefined : JSON.stringify(body))
  const response = await fetched(url, {
    method,
    headers: { ...(sent !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(sent !== undefined && { body: sent }),
  })
  const answered = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return {
    status: response.status,
    headers: response.headers,
    text: answered,
    body: isJson && answered !== '' ? JSON.parse(answered) : undefined,
  }
}

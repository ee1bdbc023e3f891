/** How requests to an endpoint say who sends them, beside the signature. Sealed at rest; never shown whole. */
export type EndpointAuth =
  | { type: 'bearer'; token: string }
  | { type: 'basic'; username: string; password: string }
  | ({ type: 'oauth2' } & ClientCredentials)

/** The grant of RFC 6749, section 4.4: a token is fetched before the first request, and again before it runs out. */
export interface ClientCredentials {
  tokenUrl: string
  clientId: string
  clientSecret: string
  /** Where the two above go: into the `Authorization` of the request for a token, or into its body. */
  clientAuth: 'basic' | 'post'
  scopes: string[]
  /** Further fields of that request, such as `audience`. */
  extraParams: Record<string, string>
}

/** What TLS to one endpoint is made with, instead of what is configured for all. Texts in PEM. */
export interface EndpointTls {
  /** The only authorities that the endpoint's certificate may come from. */
  ca?: string
  /** Shown to the endpoint, with those that lead to its root. Goes with `key`. */
  cert?: string
  key?: string
}

/** `Authorization` of what needs no asking; a user's name and password as RFC 7617 has them. */
export function authorizationOf(auth: Exclude<EndpointAuth, { type: 'oauth2' }>): string {
  return auth.type === 'bearer' ? `Bearer ${auth.token}` : basic(auth.username, auth.password)
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

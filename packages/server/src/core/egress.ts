/** How requests leave: through whom, from where, and whom they trust. */
export interface Egress {
  proxy?: Proxy | undefined
  /** Whether a target is reached without the proxy. */
  isDirect: (host: string, address: string) => boolean
  localAddress?: string | undefined
  /** Whether endpoints are spoken to in HTTP/2 that offer it, where TLS is made. */
  http2?: boolean | undefined
  tls: { ca?: string[]; cert?: string; key?: string; minVersion?: 'TLSv1.2' | 'TLSv1.3' }
}

export interface Proxy {
  scheme: 'http' | 'https' | 'socks5'
  host: string
  port: number
  username: string
  password: string
}

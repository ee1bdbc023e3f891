/** The gateway's settings, from environment variables. */
export interface Config {
  databaseUrl: string
  pomboUrl: string
  pomboToken: string
  session: string
  /** Where events wait while Pombo is away. */
  bufferDir: string
  /** Another server than WhatsApp's, for trying. */
  whatsappUrl: string | undefined
  /** Baileys' own log as well. */
  verbose: boolean
}

/** @throws Error that names everything that is missing */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const missing = ['DATABASE_URL', 'POMBO_TOKEN'].filter((name) => !env[name])
  if (missing.length > 0) throw new Error(`Set ${missing.join(' and ')}; see README.md.`)
  const session = env['SESSION'] ?? 'default'
  return {
    databaseUrl: env['DATABASE_URL']!,
    pomboUrl: env['POMBO_URL'] ?? 'http://127.0.0.1:8071',
    pomboToken: env['POMBO_TOKEN']!,
    session,
    bufferDir: env['BUFFER_DIR'] ?? `buffer/${encodeURIComponent(session)}`,
    whatsappUrl: env['WHATSAPP_URL'],
    verbose: env['VERBOSE'] === '1',
  }
}

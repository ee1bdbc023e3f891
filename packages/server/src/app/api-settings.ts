import { findDashboard } from '../api/dashboard/files.ts'
import type { ApiDeps } from '../api/deps.ts'
import type { Config, ConfigEntry } from '../config/config.ts'
import { serverDefaults } from '../config/endpoint-keys.ts'
import { version } from '../version.ts'

/** What the API is configured with; what can change while it runs, by functions. */
export function apiSettings(config: Config, settings: readonly ConfigEntry[]): ApiDeps['settings'] {
  return {
    version,
    maxBodyBytes: config.maxBodyBytes,
    retentionDays: config.retentionDays,
    configuration: settings.length > 0 ? settings : undefined,
    serverUrl: config.serverUrl,
    basePath: config.basePath,
    onSocket: 'socket' in config.listen,
    metricsToken: () => config.metricsToken,
    tls: tlsFiles(config),
    endpointDefaults: serverDefaults(config),
    trustedProxies: config.trustedProxies,
    corsOrigins: () => config.corsOrigins,
    dashboardFolder: findDashboard(),
  }
}

function tlsFiles({ tlsCert, tlsKey }: Config) {
  return tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : undefined
}

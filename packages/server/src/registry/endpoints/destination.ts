import type { Destination } from '../../core/destination.ts'
import type { Endpoint, Transform } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import { changedTls } from './access.ts'
import { type DestinationRules, type EndpointSettings, withTrimmedUrls } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

/**
 * What is given as it is checked and kept. A destination brings its own URL; a client that knows of none gives back the
 * one that it was shown.
 * @param kept the endpoint as it is; undefined where it is made
 */
export function withDestination<Settings extends EndpointSettings>(
  asked: Settings,
  kept: Endpoint | undefined,
  rules: DestinationRules | undefined,
): Settings {
  const settings = withTrimmedUrls(asked)
  const { destination, url } = settings
  if (destination != null) return towards(destination, settings, kept, rules)
  if (!kept?.destination) return settings
  if (destination === null) {
    if (url === undefined || url === kept.url) throw invalid(['body', 'url'], say('url_for_http'))
    return settings
  }
  refusePath(settings.transform)
  if (settings.auth != null) throw invalid(['body', 'auth'], say('auth_for_http'))
  if (url === undefined) return settings
  if (url !== kept.url) throw invalid(['body', 'url'], say('url_follows'))
  const { url: _, ...others } = settings
  return others as Settings
}

function towards<Settings extends EndpointSettings>(
  destination: Destination,
  settings: Settings,
  kept: Endpoint | undefined,
  rules: DestinationRules | undefined,
): Settings {
  if (!rules) throw invalid(['body', 'destination'], say('destination_not_offered'))
  const whole = rules.unmasked(destination, kept?.destination ?? null)
  const url = rules.address(whole)
  if (settings.url !== undefined && settings.url !== url && settings.url !== kept?.url)
    throw invalid(['body', 'url'], say('url_beside_destination'))
  refusePath(settings.transform === undefined ? kept?.transform : settings.transform)
  if ((settings.auth === undefined ? kept?.auth : settings.auth) != null)
    throw invalid(['body', 'auth'], say('auth_for_http'))
  return { ...settings, destination: whole, url }
}

function refusePath(transform: Transform | null | undefined): void {
  if (transform?.path !== undefined)
    throw invalid(['body', 'transform', 'path'], say('path_of_destination'))
}

/** Whether a change must be looked at beside what is kept. */
export function concernsDestination({
  destination,
  url,
  transform,
  auth,
}: EndpointSettings): boolean {
  return destination !== undefined || url !== undefined || transform != null || auth != null
}

/** Connects for real, after all else was found good. Throws a 422 that says what came of it. */
export async function tryDestination(
  { destination, tls }: EndpointSettings,
  kept: Endpoint | undefined,
  rules: DestinationRules | undefined,
): Promise<void> {
  if (destination == null) return
  const unfit = await rules?.problemOf(destination, changedTls(kept?.tls ?? null, tls))
  if (unfit) throw invalid(['body', 'destination', unfit.field], unfit.problem)
}

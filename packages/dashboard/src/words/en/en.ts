import { apps, audit, eventTypes, keys, operational, privacy, tenants } from './account.ts'
import { common, problems } from './common.ts'
import { endpointForm, endpoints } from './endpoints.ts'
import { causes, failed, tasks } from './failed.ts'
import { messages } from './messages.ts'
import { live, overview } from './overview.ts'
import { portalSettings, sources, system, templates } from './set-up.ts'
import { access, destinations } from './reach.ts'
import { shell, signIn } from './shell.ts'

export const en = {
  common,
  problems,
  shell,
  signIn,
  messages,
  endpoints,
  endpointForm,
  destinations,
  access,
  failed,
  causes,
  tasks,
  overview,
  live,
  apps,
  keys,
  tenants,
  eventTypes,
  operational,
  audit,
  privacy,
  sources,
  templates,
  system,
  portalSettings,
} as const

import type { en } from '../en/en.ts'
import type { Same } from '../same.ts'
import { apps, audit, eventTypes, keys, operational, privacy, tenants } from './account.ts'
import { common, problems } from './common.ts'
import { endpointForm, endpoints } from './endpoints.ts'
import { causes, failed, tasks } from './failed.ts'
import { messages } from './messages.ts'
import { live, overview } from './overview.ts'
import { access, destinations } from './reach.ts'
import { portalSettings, sources, system, templates } from './set-up.ts'
import { shell, signIn } from './shell.ts'

export const ptBr: Same<typeof en> = {
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
}

import type { DialectName } from '../../core/endpoint.ts'
import type { Script } from './script.ts'
import { agentes } from './scripts/agentes.ts'
import { deviceStatus } from './scripts/device-status.ts'
import { evolution } from './scripts/evolution.ts'
import { standard } from './scripts/standard.ts'
import { whatsmeow } from './scripts/whatsmeow.ts'
import { zaphub } from './scripts/zaphub.ts'

/** A demo for each dialect. */
export const scripts: Readonly<Record<DialectName, Script>> = {
  standard,
  whatsmeow,
  zaphub,
  'device-status': deviceStatus,
  evolution,
  agentes,
}

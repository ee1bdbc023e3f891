/** Pombo's own tokens and keys, wherever they are in a text that is shown. */
const ownKeys = /\b(pombosrc_|pombo_|pomboapp_|whsec_|whsk_)[\w+/=-]{8,}/g
/** Values of parameters whose name says that they open something. */
const keyName =
  '[\\w-]*(?:token|secret|password|passwd|signature|credential|api[-_]?key)|key|sig|auth|code|pass'
const inQuery = new RegExp(`([?&#;](?:${keyName})=)[^&#\\s"']+`, 'gi')

export function withoutKeys(text: string): string {
  return text.replace(ownKeys, '$1…').replace(inQuery, '$1…')
}

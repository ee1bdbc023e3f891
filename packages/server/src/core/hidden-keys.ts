/** Pombo's own tokens and keys, wherever they are in a text that is shown. */
const ownKeys = /\b(pombosrc_|pombo_|pomboapp_|whsec_|whsk_)[\w+/=-]{8,}/g
/** Values of parameters whose name says that they open something. */
const inQuery =
  /([?&#;](?:[\w-]*(?:token|secret|password|passwd|signature|credential|api[-_]?key)|key|sig|auth|code|pass)=)[^&#\s"']+/gi

export function withoutKeys(text: string): string {
  return text.replace(ownKeys, '$1…').replace(inQuery, '$1…')
}

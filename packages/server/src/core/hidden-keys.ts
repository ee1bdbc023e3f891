/** Pombo's own tokens and keys, wherever they are in a text that is shown. */
const ownKeys = /\b(pombosrc_|pombo_|pomboapp_|whsec_|whsk_)[\w+/=-]{8,}/g
/** Values of parameters whose name says that they open something. */
const keyName =
  '[\\w-]*(?:token|secret|password|passwd|signature|credential|api[-_]?key)|key|sig|auth|code|pass'
const inQuery = new RegExp(`([?&#;](?:${keyName})=)[^&#\\s"']+`, 'gi')

/** `user:password@` in an address, also in one that is none. */
const inAddress = /(\/\/)[^\s/?#"'@]+@/g

/** Services whose addresses are themselves what opens them: before the key, and the key in the path. */
const inPaths = [
  /(\bhooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/)[^?#\s"'<>]+/gi,
  /(\/api\/(?:v\d+\/)?webhooks\/\d+\/)[^/?#\s"'<>]+/gi, // Discord
  /(\/bot)\d+(?::|%3A)[^/?#\s"'<>]+/gi, // Telegram
  /(\.webhook\.office\.com\/webhookb2\/)[^?#\s"'<>]+/gi, // Teams
  /(\bhooks\.zapier\.com\/hooks\/[a-z]+\/)[^?#\s"'<>]+/gi,
  /(\bhook\.(?:[\w-]+\.)?make\.com\/)[^?#\s"'<>]+/gi,
]

/** `mark` stands where they were: in an address that stays one, `***`. */
export function withoutKeys(text: string, mark = '…'): string {
  const shown = text
    .replace(ownKeys, `$1${mark}`)
    .replace(inQuery, `$1${mark}`)
    .replace(inAddress, `$1${mark}@`)
  return inPaths.reduce((left, inPath) => left.replace(inPath, `$1${mark}`), shown)
}

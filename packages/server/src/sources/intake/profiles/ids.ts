import { parseJid } from '../../../whatsapp/identity/jid.ts'

/** The ids under which a session may have learnt the name of a person with these keys (core/person.ts). */
export function profileIds(personKeys: ReadonlySet<string>): string[] {
  return [...personKeys].flatMap((key) => {
    if (/^\d{8,15}$/.test(key)) return [`${key}@s.whatsapp.net`]
    return parseJid(key)?.server === 'lid' ? [key] : []
  })
}

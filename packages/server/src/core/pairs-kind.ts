import { kind } from './setting-kinds.ts'

/** `key=value` between commas; what stands for itself in neither is percent-encoded, as in W3C's baggage. */
export function pairs(what: 'header' | 'attribute') {
  const example = what === 'header' ? 'api-key=k_5yV8nQ2r' : 'deployment.environment.name=staging'
  return kind<Record<string, string>>(
    'key=value, several between commas, where other characters are percent-encoded',
    example,
    (given) => {
      const values: Record<string, string> = {}
      for (const part of given.split(',').map((piece) => piece.trim())) {
        if (part === '') continue
        const at = part.indexOf('=')
        const [key, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()]
        if (at < 1 || key === '') return { problem: 'a part of it is not key=value' }
        if (what === 'header' && !/^[\w!#$%&'*+.^`|~-]+$/.test(key))
          return { problem: 'a key of it is not the name of a header' }
        try {
          values[decodeURIComponent(key)] = decodeURIComponent(value)
        } catch {
          return { problem: 'its percent-encoding is broken' }
        }
      }
      return { value: values }
    },
    (values) =>
      Object.entries(values)
        .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
        .join(','),
  )
}

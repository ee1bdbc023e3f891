import type { Template } from '../../api/shapes.ts'

export type Values = Readonly<Record<string, string>>

/** The fields that do not fit, by what is wrong with them; Pombo judges the rest. */
export function wrongValues(
  fields: Template['fields'],
  values: Values,
): Record<string, 'missing' | 'url' | 'pattern'> {
  const wrong: Record<string, 'missing' | 'url' | 'pattern'> = {}
  for (const { name, kind, pattern, optional } of fields) {
    const value = values[name]?.trim() ?? ''
    if (value === '') {
      if (!optional) wrong[name] = 'missing'
    } else if (kind === 'url' && !/^[a-z]+:\/\/[^/\s]+/i.test(value)) wrong[name] = 'url'
    else if (pattern !== null && !new RegExp(`^(?:${pattern})$`).test(value))
      wrong[name] = 'pattern'
  }
  return wrong
}

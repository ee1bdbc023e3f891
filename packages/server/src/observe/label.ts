const MAX_LENGTH = 64

/**
 * Makes values that callers choose fit for a label: other characters than letters, digits and `._:/-` become `_`, long
 * values are cut, and after `limit` different ones all new ones become `other`. Each value is a time series that
 * Prometheus keeps.
 */
export function boundedLabel(limit: number): (value: string) => string {
  const labels = new Map<string, string>()
  const kept = new Set<string>()
  return (value) => {
    const known = labels.get(value)
    if (known !== undefined) return known
    const clean = value.slice(0, MAX_LENGTH).replace(/[^\w.:/-]/g, '_') || 'none'
    if (!kept.has(clean) && kept.size >= limit) return 'other'
    kept.add(clean)
    // Many values may become one label; they are not all remembered.
    if (labels.size < limit * 4) labels.set(value, clean)
    return clean
  }
}

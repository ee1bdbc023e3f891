import { LRUCache } from 'lru-cache'

/**
 * Keeps the `max` entries that were used last. Not by lru-cache's own `max`, which makes room for all of them at once:
 * 3 MB over all of Pombo's caches before the first entry.
 */
export function latestUsed<Key extends string, Value extends object | string | true>(
  max: number,
  ttl = 0,
): LRUCache<Key, Value> {
  return new LRUCache({ maxSize: max, sizeCalculation: () => 1, ttl })
}

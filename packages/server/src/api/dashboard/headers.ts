/**
 * What keeps a page harmless whatever it shows: payloads and answers are strangers' text, and the page may change
 * everything. Scripts and styles come from here alone, none of them inline; it talks to this Pombo alone; and nobody
 * frames it but who was let to.
 */
export function pageHeaders(
  frameAncestors: readonly string[],
  styles = "'self'",
): Record<string, string> {
  const ancestors = frameAncestors.length === 0 ? "'none'" : ["'self'", ...frameAncestors].join(' ')
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${styles}`,
    // Pictures of profiles and the logos of portals are at addresses of others.
    "img-src 'self' data: blob: https:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'self'",
    `frame-ancestors ${ancestors}`,
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    ...(frameAncestors.length === 0 && {
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
    }),
  }
}

/** What a key may do, each more than the one before: look; set going again what is there; change what is set up. */
export const roles = ['read', 'operate', 'administer'] as const
export type Role = (typeof roles)[number]

export function includes(held: Role, needed: Role): boolean {
  return roles.indexOf(held) >= roles.indexOf(needed)
}

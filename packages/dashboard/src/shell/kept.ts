/** What a browser keeps of a person's taste. Nothing secret: scripts can read it. */
type Name = 'language' | 'theme' | 'app'

export function kept(name: Name): string | null {
  try {
    return localStorage.getItem(`pombo.${name}`)
  } catch {
    // A browser that keeps nothing, such as a frame without storage.
    return null
  }
}

export function keep(name: Name, value: string): void {
  try {
    localStorage.setItem(`pombo.${name}`, value)
  } catch {
    // It is kept for this page only.
  }
}

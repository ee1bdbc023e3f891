/** A sample of the guide on signatures in one language. */
export interface VerifySample {
  language: string
  code: string
}

/** Fences of the guide, by what people call the language. */
const languages: Record<string, string> = {
  js: 'Node.js',
  python: 'Python',
  php: 'PHP',
  ruby: 'Ruby',
  go: 'Go',
  java: 'Java',
  csharp: 'C#',
  elixir: 'Elixir',
  rust: 'Rust',
}

/** The first sample of each language, which needs the fewest packages, cut out of docs/guides/verify.md. */
export function samplesOf(guide: string): VerifySample[] {
  const first = new Map<string, string>()
  for (const [, fence, code] of guide.matchAll(/^```(\w+)\n(.*?)^```$/gms))
    if (!first.has(fence!)) first.set(fence!, code!.trimEnd())
  return Object.entries(languages).map(([fence, language]) => ({
    language,
    code: first.get(fence)!,
  }))
}

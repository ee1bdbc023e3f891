/** What was typed into a field as a list: between commas, or one a line. */
export function listOf(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/**
 * What an event says, for a person to read, as an expression: the text of a WhatsApp event or of the usual members,
 * who sent it, and where nothing of that is there the payload itself.
 */
const text =
  'cel.bind(said, payload.?content.?text.or(payload.?content.?caption).or(payload.?text), ' +
  'said.hasValue() && type(said.value()) == string ? said.value() : json(payload))'

const from =
  'cel.bind(name, payload.?sender.?name.or(payload.?from), ' +
  'name.hasValue() && type(name.value()) == string ? name.value() + ": " : "")'

/** `make` gets the name of the variable that holds it; what is longer than `characters` is cut. */
export function saying(characters: number, make: (said: string) => string): string {
  return (
    `cel.bind(whole, eventType + " · " + ${from} + ${text}, ` +
    `cel.bind(said, size(whole) > ${characters} ? whole.substring(0, ${characters}) + "…" : whole, ` +
    `${make('said')}))`
  )
}

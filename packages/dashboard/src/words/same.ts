/** The same keys as the English catalogue, so that a word that lacks is an error of types. */
export type Same<Of> = { [Key in keyof Of]: Of[Key] extends string ? string : Same<Of[Key]> }

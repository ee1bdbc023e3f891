/**
 * What the history is made of. `busy` has seven tenths of all attempts; `dead` fails, with eight attempts a
 * message.
 */
export interface Kept {
  tenantId: string
  appId: string
  endpoints: { busy: string; dead: string; others: string[] }
  fromMs: number
  toMs: number
}

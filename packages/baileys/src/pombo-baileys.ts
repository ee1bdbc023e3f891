/** The public entry: Baileys' events to Pombo. Only Node's own modules; Baileys is the program's. */
export { type Connection, connectBaileys } from './connection.ts'
export type {
  BufferOptions,
  ConnectionState,
  ConnectionStats,
  ConnectOptions,
  Dropped,
  DropReason,
  Overflow,
} from './options.ts'
export type { Account, BaileysEvents, BaileysSocket } from './socket.ts'

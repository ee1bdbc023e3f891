/**
 * Node's `http`. To `import` a built-in reads all that it exports, and this one exports Node's own WebSocket, which
 * brings a second undici: 13 MB of memory and 20 ms of a start for nothing.
 */
export const builtInHttp = (): typeof import('node:http') => process.getBuiltinModule('node:http')

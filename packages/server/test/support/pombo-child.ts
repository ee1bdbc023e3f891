// Pombo as a process of its own, on the database that is named, until its input ends. It prints where it listens.
import { startPombo } from './pombo-app.ts'
import type { TestDatabase } from './database.ts'

const database = { url: process.argv[2]! } as TestDatabase
const pombo = await startPombo({}, database)
console.log(JSON.stringify({ url: pombo.url }))
process.stdin.resume()
process.stdin.once('end', () => void pombo.stop())

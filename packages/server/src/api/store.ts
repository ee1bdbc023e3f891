/** What the API asks of the database as such; each resource has its own store. */
export { isAway, type Pool } from '../db/pool.ts'

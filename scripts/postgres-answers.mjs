// Exits 0 when a PostgreSQL of a supported major answers at the given URL and lets databases be made; prints its
// version.
import pg from 'pg'

const client = new pg.Client({ connectionString: process.argv[2], connectionTimeoutMillis: 2_000 })
try {
  await client.connect()
  const { rows } = await client.query(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int >= 150000 as supported, rolcreatedb or rolsuper as allowed from pg_roles where rolname = current_user`,
  )
  await client.end()
  if (!rows[0].supported || !rows[0].allowed) process.exit(1)
  console.log(`PostgreSQL ${rows[0].version}`)
} catch {
  process.exit(1)
}

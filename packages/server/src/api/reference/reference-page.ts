/** The API's reference for people: one page without outside resources, which prints the OpenAPI document beside it. */
export const referencePage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pombo API</title>
<style>
  :root {
    color-scheme: light dark;
    --line: color-mix(in srgb, currentColor 18%, transparent);
    --soft: color-mix(in srgb, currentColor 62%, transparent);
  }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0; display: grid; grid-template-columns: 15rem minmax(0, 1fr) }
  nav {
    position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem;
    border-right: 1px solid var(--line); box-sizing: border-box;
  }
  nav a { display: block; padding: .15rem 0; color: inherit; text-decoration: none }
  nav a:hover { text-decoration: underline }
  main { padding: 1rem 2rem 4rem; max-width: 60rem }
  h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
  details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem }
  summary { cursor: pointer }
  code, pre { font: 13px/1.45 ui-monospace, monospace }
  pre { overflow: auto; padding: .6rem; border: 1px solid var(--line); border-radius: 6px }
  table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-top: 1px solid var(--line) }
  .method { display: inline-block; min-width: 4.2rem; font-weight: 600 }
  .soft { color: var(--soft) }
  @media (max-width: 50rem) { body { display: block } nav { position: static; height: auto } }
</style>
<nav id="nav" aria-label="Groups"></nav>
<main id="main"><p>Loading…</p></main>
<script>
const el = (tag, attributes, ...children) => {
  const node = Object.assign(document.createElement(tag), attributes)
  node.append(...children.filter((child) => child != null))
  return node
}
const nameOf = (ref) => ref.split('/').pop()
const typeOf = (schema) => {
  if (!schema) return ''
  if (schema.$ref) return nameOf(schema.$ref)
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.type === 'array') return 'list of ' + (typeOf(schema.items) || 'anything')
  return [].concat(schema.type ?? 'anything').join(' or ') + (schema.format ? ' (' + schema.format + ')' : '')
}
const rows = (entries) => el('table', {}, ...entries.map(([name, type, text]) =>
  el('tr', {}, el('td', {}, el('code', {}, name)), el('td', { className: 'soft' }, type), el('td', {}, text ?? ''))))
const fields = (schema, schemas) => {
  const whole = schema?.$ref ? schemas[nameOf(schema.$ref)] : schema
  if (!whole?.properties) return el('p', { className: 'soft' }, typeOf(schema))
  const needed = new Set(whole.required ?? [])
  return rows(Object.entries(whole.properties).map(([name, part]) =>
    [name + (needed.has(name) ? ' *' : ''), typeOf(part), part.description]))
}
const show = (method, path, operation, schemas) => {
  const body = operation.requestBody?.content['application/json'].schema
  return el('details', { id: operation.operationId },
    el('summary', {}, el('span', { className: 'method' }, method.toUpperCase()), el('code', {}, path),
      el('span', { className: 'soft' }, '  ' + operation.summary)),
    operation.description ? el('p', {}, operation.description) : null,
    el('p', { className: 'soft' }, 'For: ' + operation['x-access']),
    ...(operation.parameters?.length
      ? [el('h4', {}, 'Parameters'), rows(operation.parameters.map((one) =>
          [one.name, one.in + ', ' + typeOf(one.schema), one.description]))]
      : []),
    ...(body ? [el('h4', {}, 'Body: ' + typeOf(body)), fields(body, schemas)] : []),
    el('h4', {}, 'Answers'),
    ...Object.entries(operation.responses).map(([status, answer]) => {
      const schema = answer.content?.['application/json'].schema
      const line = el('p', {}, el('b', {}, status), ' ' + answer.description + (schema ? ': ' + typeOf(schema) : ''))
      return status < 300 && schema ? el('div', {}, line, fields(schema, schemas)) : line
    }))
}
fetch('openapi.json').then((response) => response.json()).then((document_) => {
  const main = document.getElementById('main')
  const nav = document.getElementById('nav')
  const schemas = document_.components.schemas
  main.replaceChildren(
    el('h1', {}, document_.info.title + ' ' + document_.info.version),
    el('p', {}, document_.info.description),
    el('p', {}, el('a', { href: 'openapi.json' }, 'The same as OpenAPI 3.1')))
  for (const { name } of document_.tags) {
    const id = name.replaceAll(' ', '-')
    nav.append(el('a', { href: '#' + id }, name))
    main.append(el('h2', { id }, name))
    for (const [path, methods] of Object.entries(document_.paths)) {
      for (const [method, operation] of Object.entries(methods))
        if (operation.tags[0] === name) main.append(show(method, path, operation, schemas))
    }
  }
  nav.append(el('a', { href: '#Schemas' }, 'Schemas'))
  main.append(el('h2', { id: 'Schemas' }, 'Schemas'), ...Object.entries(schemas).map(([name, schema]) =>
    el('details', {}, el('summary', {}, el('code', {}, name)),
      schema.description ? el('p', {}, schema.description) : null, fields(schema, schemas))))
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
    if (!target) return
    target.open = true
    target.scrollIntoView()
  }
  addEventListener('hashchange', open)
  open()
}).catch((error) => {
  document.getElementById('main').textContent = 'The OpenAPI document could not be read: ' + error
})
</script>
</html>
`

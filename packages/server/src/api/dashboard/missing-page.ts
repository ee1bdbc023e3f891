/** What stands at `/` where the dashboard was not built: how to build it, in English and Portuguese. */
export const missingPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pombo</title>
<h1>Pombo</h1>
<p>Pombo is running. Its dashboard was not built yet: in the folder of its source, run</p>
<pre>npm run build -w packages/dashboard</pre>
<p>and reload this page. The API works without it: <a href="/api/v1/docs">its reference</a>.</p>
<section lang="pt-BR">
<p>O Pombo está no ar. O painel ainda não foi construído: na pasta do código-fonte, rode</p>
<pre>npm run build -w packages/dashboard</pre>
<p>e recarregue esta página. A API funciona sem ele: <a href="/api/v1/docs">a referência</a>.</p>
</section>
</html>
`

/** What stands at `/api/v1/docs` then. */
export const missingReference = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pombo API</title>
<h1>Pombo API</h1>
<p>This page comes with the dashboard's build: in the folder of Pombo's source, run</p>
<pre>npm run build -w packages/dashboard</pre>
<p>The reference itself is <a href="openapi.json">openapi.json</a>, for any reader of OpenAPI 3.1.</p>
<section lang="pt-BR">
<p>Esta página vem com o painel: na pasta do código-fonte do Pombo, rode</p>
<pre>npm run build -w packages/dashboard</pre>
<p>A referência em si é <a href="openapi.json">openapi.json</a>, para qualquer leitor de OpenAPI 3.1.</p>
</section>
</html>
`

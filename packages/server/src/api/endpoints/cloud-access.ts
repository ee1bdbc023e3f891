import { z } from 'zod'
import { splitIdentity } from '../../core/certificate.ts'
import { invalid, missing, relocated } from '../../core/error.ts'
import type { Endpoints } from '../../registry/endpoints/store.ts'
import { cloudOnly, type Call, empty, json, type Route, route } from '../route.ts'
import { component, pem, nonEmpty } from '../field.ts'
import type { ParamsOf } from '../path.ts'
import { clientCredentials } from './access-schema.ts'
import { say } from '../../core/sentences/sentences.ts'

const tag = 'Endpoint'
const path = '/api/v1/app/{app_id}/endpoint/{endpoint_id}'

const methods = { basic: 'clientSecretBasic', post: 'clientSecretPost' } as const
const { clientId, clientSecret, extraParams, scopes } = clientCredentials
const oauthShared = {
  authMethod: z.enum(['clientSecretBasic', 'clientSecretPost'], {
    error: 'only "clientSecretBasic" and "clientSecretPost" are offered',
  }),
  clientId,
  extraParams: extraParams.nullish(),
  grantType: z.literal('clientCredentials', { error: 'only "clientCredentials" is offered' }),
  scopes: scopes.nullish(),
  tokenUrl: nonEmpty(65_536).meta({ format: 'uri' }),
}
const oauthIn = component('EndpointOauthConfigIn', {
  ...oauthShared,
  clientSecret,
  jwtParams: z.null().optional().describe('Of a way that is not offered'),
  refreshToken: z.null().optional().describe('Of a grant that is not offered'),
})
const oauthOut = component('EndpointOauthConfigOut', oauthShared)
const mtlsIn = component('EndpointMtlsConfigIn', {
  // What stands between its parts is dropped, so that nothing behind this would see its length.
  identity: pem
    .max(65_536, 'may have at most 65,536 characters')
    .describe('The certificate, those that lead to its root, and its key; PEM'),
  serverCaCert: pem
    .nullish()
    .describe("Authorities that the endpoint's certificate may come from; PEM"),
})
const mtlsOut = component('EndpointMtlsConfigOut', { serverCaCert: z.string().nullable() })

type OfEndpoint<Body> = Call<ParamsOf<typeof path>, undefined, Body>

/** An endpoint's `auth` and `tls` as Svix's clients read and write them. */
export function cloudAccessRoutes(endpoints: Endpoints): Route[] {
  const usual = { tag, access: 'app', description: cloudOnly } as const
  const set = async (call: OfEndpoint<unknown>, to: Parameters<Endpoints['patch']>[2]) => {
    try {
      await endpoints.patch(call.scope, call.params.endpoint_id, to)
    } catch (error) {
      throw relocated(error, byTheirWords)
    }
    return empty
  }
  return [
    route({
      ...usual,
      at: `GET ${path}/oauth`,
      id: 'v1.endpoint.get-oauth-config',
      summary: "Get an endpoint's OAuth2 settings, without the secret",
      answers: { 200: { description: 'The settings', body: oauthOut } },
      async handle(call) {
        const { endpoint_id } = call.params
        const { auth } = await endpoints.get(call.scope, endpoint_id)
        if (auth?.type !== 'oauth2') missing('OAuth2 settings of endpoint', endpoint_id)
        const { clientAuth, clientId, extraParams, scopes, tokenUrl } = auth
        return json(200, {
          authMethod: methods[clientAuth],
          clientId,
          extraParams,
          grantType: 'clientCredentials',
          scopes,
          tokenUrl,
        } satisfies z.output<typeof oauthOut>)
      },
    }),
    route({
      ...usual,
      at: `PUT ${path}/oauth`,
      id: 'v1.endpoint.update-oauth-config',
      summary: 'Fetch a token by OAuth2 for each request of an endpoint',
      body: oauthIn,
      answers: { 204: { description: 'Set' } },
      handle: async (call) => await set(call, { auth: clientCredentialsOf(call.body) }),
    }),
    route({
      ...usual,
      at: `DELETE ${path}/oauth`,
      id: 'v1.endpoint.delete-oauth-config',
      summary: "Take an endpoint's OAuth2 settings away",
      answers: { 204: { description: 'Taken away' } },
      async handle(call) {
        const { auth } = await endpoints.get(call.scope, call.params.endpoint_id)
        return auth?.type === 'oauth2' ? await set(call, { auth: null }) : empty
      },
    }),
    route({
      ...usual,
      at: `GET ${path}/mtls`,
      id: 'v1.endpoint.get-mtls-config',
      summary: "Get the authorities that an endpoint's certificate may come from",
      answers: { 200: { description: 'The settings', body: mtlsOut } },
      async handle(call) {
        const { endpoint_id } = call.params
        const { tls } = await endpoints.get(call.scope, endpoint_id)
        if (tls === null) missing('certificates of endpoint', endpoint_id)
        return json(200, { serverCaCert: tls.ca ?? null })
      },
    }),
    route({
      ...usual,
      at: `PUT ${path}/mtls`,
      id: 'v1.endpoint.update-mtls-config',
      summary: 'Show a certificate to an endpoint',
      body: mtlsIn,
      answers: { 204: { description: 'Set' } },
      async handle(call) {
        const { identity, serverCaCert: ca = null } = call.body
        const { cert, key } = splitIdentity(identity)
        if (cert === '' || key === undefined)
          throw invalid(['body', 'identity'], say('identity_form'))
        return await set(call, { tls: { cert, key, ca } })
      },
    }),
    route({
      ...usual,
      at: `DELETE ${path}/mtls`,
      id: 'v1.endpoint.delete-mtls-config',
      summary: "Take an endpoint's certificates away",
      answers: { 204: { description: 'Taken away' } },
      handle: async (call) => await set(call, { tls: null }),
    }),
  ]
}

/** What the endpoint has as `auth` and `tls` is here the body itself. */
function byTheirWords(loc: string[]): string[] {
  const [where, of, name, ...rest] = loc
  if (where !== 'body' || name === undefined) return loc
  if (of === 'auth') return ['body', name, ...rest]
  return of === 'tls' ? ['body', name === 'ca' ? 'serverCaCert' : 'identity'] : loc
}

function clientCredentialsOf({ authMethod, ...body }: z.output<typeof oauthIn>) {
  return {
    type: 'oauth2',
    tokenUrl: body.tokenUrl,
    clientId: body.clientId,
    clientSecret: body.clientSecret,
    clientAuth: authMethod === 'clientSecretBasic' ? 'basic' : 'post',
    scopes: body.scopes ?? [],
    extraParams: body.extraParams ?? {},
  } as const
}

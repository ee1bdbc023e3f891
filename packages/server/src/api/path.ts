import { z } from 'zod'
import { say } from '../core/sentences/sentences.ts'
import { eventTypeName, idOrUid as id } from './field.ts'

/** What the names in braces stand for in the API's paths, such as `/api/v1/app/{app_id}`. */
export const pathParameters = {
  app_id: id.meta({
    description: "The application's id or uid",
    examples: ['app_01hzy3k9v2e8r5c7m4n6p8q0sa'],
  }),
  endpoint_id: id.meta({
    description: "The endpoint's id or uid",
    examples: ['ep_01hzy3k9v2e8r5c7m4n6p8q0sa'],
  }),
  msg_id: id.meta({
    description: "The message's id or eventId",
    examples: ['msg_01hzy3k9v2e8r5c7m4n6p8q0sa'],
  }),
  attempt_id: id.meta({ examples: ['atmpt_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  sink_id: id.describe("The polling endpoint's id or uid"),
  consumer_id: id
    .regex(/^[a-zA-Z0-9\-_.]+$/, say('name_characters'))
    .meta({ description: 'A name of your own', examples: ['worker-1'] }),
  source_id: id.describe("The source's id"),
  template_id: id.meta({ description: "The template's id", examples: ['slack'] }),
  event_type_name: eventTypeName,
  integ_id: id,
  tenant_id: id.meta({ examples: ['org_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  env_id: id,
  key_id: id.meta({ examples: ['key_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  task_id: id,
}

/** Where a name stands for something else than elsewhere. */
export type OwnParameters = Record<string, z.ZodString>

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never

/** What a path's parameters are read as. */
export type ParamsOf<Path extends string> = Record<NamesIn<Path>, string>

export function paramsOf(path: string, own?: OwnParameters): z.ZodObject | undefined {
  const all: OwnParameters = { ...pathParameters, ...own }
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name!)
  if (names.length === 0 && own === undefined) return undefined
  const missing = names.find((name) => all[name] === undefined)
  if (missing !== undefined) throw new Error(`No parameter of a path is called ${missing}`)
  return z.object(Object.fromEntries(names.map((name) => [name, all[name]!])))
}

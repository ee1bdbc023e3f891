import { type Context, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { TelemetryOptions } from './options.ts'

/**
 * The sampler of that name. A span that has no parent and links to a message's trace, such as an attempt long after,
 * is decided as if it were that one's child: what was recorded so far is recorded to its end.
 */
export function samplerOf({ name, share }: TelemetryOptions['sampler']): Sampler {
  const root = rootOf(name.replace('parentbased_', ''), share)
  const sampler = name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
  return {
    shouldSample(context, traceId, spanName, kind, attributes, links) {
      const linked = links[0]?.context
      const from: Context =
        linked !== undefined && trace.getSpanContext(context) === undefined
          ? trace.setSpanContext(context, linked)
          : context
      return sampler.shouldSample(from, traceId, spanName, kind, attributes, links)
    },
    toString: () => sampler.toString(),
  }
}

function rootOf(name: string, share: number): Sampler {
  if (name === 'always_on') return new AlwaysOnSampler()
  if (name === 'always_off') return new AlwaysOffSampler()
  return new TraceIdRatioBasedSampler(share)
}

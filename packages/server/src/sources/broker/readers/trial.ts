/** Settings of a broker, tried before they are kept. */
import { tlsProblems } from '../../../core/certificate.ts'
import type { Coded } from '../../../core/field-problem.ts'
import { problemIn, trialMs, within } from '../../../destinations/destinations.ts'
import { Declined } from '../../../destinations/contract/declined.ts'
import type { Network } from '../../../destinations/contract/network.ts'
import { brokerOf } from '../../brokers.ts'
import { tlsOf } from '../common-settings.ts'
import type { BrokerSettings } from '../kind.ts'
import { say } from '../../../core/sentences/sentences.ts'

export interface TrialTools {
  network: Network
  /** As the broker shows who is connected. */
  clientName: string
}

/** Which setting is at fault, and why: connects for real, and looks whether what they name is there. */
export async function brokerProblem(
  settings: BrokerSettings,
  tools: TrialTools,
): Promise<{ field: string; problem: string | Coded } | undefined> {
  const kind = brokerOf(settings)
  const unfit = kind.problem?.(settings)
  if (unfit) return unfit
  const [certificate] = tlsProblems(tlsOf(settings) ?? {}, Date.now())
  if (certificate) return { field: certificate[0], problem: certificate[1] }
  const giveUp = new AbortController()
  try {
    refuseInTheClear(settings, tools.network)
    await within(trialMs, undefined, async () => {
      await kind.verify(settings, { ...tools, tls: tlsOf(settings), signal: giveUp.signal })
    })
    return undefined
  } catch (error) {
    return problemIn(error)
  } finally {
    giveUp.abort()
  }
}

export function refuseInTheClear(settings: BrokerSettings, network: Network): void {
  if (!network.encryptedOnly() || brokerOf(settings).isEncrypted(settings)) return
  throw new Declined('forbidden', say('encrypted_only'))
}

/**
 * What only one node at a time may have of a source: the reading of a stream that its broker does not share out, a
 * session that the broker keeps. Held while the node lives; another takes it over when it is gone.
 */
export interface BrokerSlots {
  /** Takes it, or keeps it; undefined while another node has it. */
  claim(name: string): Promise<Slot | undefined>
  /**
   * Takes its share of all that nobody has: of these, or, where none are named, of those that there are, and of a new
   * one where they are fewer than live nodes.
   * @returns the names of all that this node has now; those above the share are let go
   */
  share(names?: readonly string[]): Promise<string[]>
  /** Of all that there are, whosever they are. */
  names(): Promise<string[]>
  /** Notes how far it was read; false: it is another node's by now. */
  advance(name: string, position: string): Promise<boolean>
  release(names: readonly string[]): Promise<void>
}

export interface Slot {
  /** How far it was read, in the reader's words; null: not yet. */
  position: string | null
}

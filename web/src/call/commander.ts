/** Sends the commands of features and remembers whether the last one failed. */
import type { Commands, FeatureBody, FeatureCommand } from '@/api/page'
import { Cell } from '@/lib/store'

export class Commander extends Cell<{ hasFailed: boolean }> {
  readonly #commands: Commands

  constructor(commands: Commands) {
    super({ hasFailed: false })
    this.#commands = commands
  }

  /** Whether the server carried it out; if not, the state says so until the next command. */
  async send<Command extends FeatureCommand>(command: Command, body: FeatureBody<Command>): Promise<boolean> {
    this.update({ hasFailed: false })
    try {
      await this.#commands(command, body)
      return true
    } catch {
      this.update({ hasFailed: true })
      return false
    }
  }

  /** As `send`, for who tells of a failure themselves. Raises `PageError`. */
  attempt<Command extends FeatureCommand>(command: Command, body: FeatureBody<Command>): Promise<void> {
    return this.#commands(command, body)
  }

  forgetFailure(): void {
    this.update({ hasFailed: false })
  }
}

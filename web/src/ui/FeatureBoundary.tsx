import { Component, type ReactNode } from 'react'
import { Button } from './Button'

export interface FeatureBoundaryProps {
  /** The message in place of a part that broke, and the button that draws it anew. */
  words: { title: string; text: string; again: string }
  /** In a small place only the title and the button are shown. */
  isSmall?: boolean
  /** A part that cannot be seen goes without a word. */
  isSilent?: boolean
  children: ReactNode
}

/**
 * Holds a defect where it happened: one broken part says so and can be drawn anew, and the meeting
 * goes on.
 */
export class FeatureBoundary extends Component<FeatureBoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true }
  }

  override render(): ReactNode {
    const { words, isSmall = false, isSilent = false, children } = this.props
    if (!this.state.hasFailed) {
      return children
    }
    return isSilent ? null : (
      <div role="alert" className="flex size-full flex-col items-center justify-center gap-3 p-4 text-center text-sm">
        <p className="font-semibold">{words.title}</p>
        {!isSmall && <p className="text-muted">{words.text}</p>}
        <Button onClick={() => this.setState({ hasFailed: false })}>{words.again}</Button>
      </div>
    )
  }
}

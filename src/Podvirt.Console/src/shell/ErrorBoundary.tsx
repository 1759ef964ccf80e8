import { Component, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import { Notice } from './Notice';

interface ErrorBoundaryProps {
  /** A change of this value (the address, say) gives the children another chance. */
  resetKey: string;
  children: ReactNode;
}

interface ErrorBoundaryState {
  error: Error | null;
  resetKey: string;
}

/** Keeps a failing page from taking the navigation with it. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { error: null, resetKey: this.props.resetKey };

  static getDerivedStateFromError(error: unknown): Partial<ErrorBoundaryState> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps(props: ErrorBoundaryProps, state: ErrorBoundaryState) {
    return props.resetKey === state.resetKey ? null : { error: null, resetKey: props.resetKey };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    // After an upgrade of the server the old page's scripts are gone; a reload fetches the new ones.
    return (
      <Notice
        tone="failed"
        title="This page ran into an error"
        action={{ label: 'Reload the page', run: () => window.location.reload() }}
      >
        {messageOf(this.state.error)}
      </Notice>
    );
  }
}

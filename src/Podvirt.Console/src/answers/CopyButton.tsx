import { useEffect, useState } from 'react';
import { QuietButton } from '../shell/QuietButton';

const thanksMs = 1_500;

interface CopyButtonProps {
  /** A function is asked for the text only once it is wanted. */
  text: string | (() => string);
  label: string;
  children?: string;
}

/** Not there at all where the browser has no clipboard to offer: it has none over plain HTTP on another host. */
export function CopyButton({ text, label, children = 'Copy' }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'Copied' | 'Not copied' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), thanksMs);
    return () => clearTimeout(timer);
  }, [outcome]);

  if (!window.isSecureContext) return null;
  const copy = () =>
    navigator.clipboard.writeText(typeof text === 'string' ? text : text()).then(
      () => setOutcome('Copied'),
      // The browser asked, and the user said no.
      () => setOutcome('Not copied'),
    );
  return (
    <QuietButton aria-label={outcome ?? label} onClick={() => void copy()}>
      {outcome ?? children}
    </QuietButton>
  );
}

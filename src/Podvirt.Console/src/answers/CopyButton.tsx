import { useEffect, useState } from 'react';
import { copyText } from '../shell/clipboard';
import { QuietButton } from '../shell/QuietButton';

const thanksMs = 1_500;

interface CopyButtonProps {
  /** A function is asked for the text only once it is wanted. */
  text: string | (() => string);
  label: string;
  children?: string;
}

/** A copy beside the thing itself. */
export function CopyButton({ text, label, children = 'Copy' }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'Copied' | 'Select it and copy by hand' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), thanksMs);
    return () => clearTimeout(timer);
  }, [outcome]);

  const copy = () =>
    copyText(typeof text === 'string' ? text : text()).then((copied) => setOutcome(copied ? 'Copied' : 'Select it and copy by hand'));
  return (
    <QuietButton aria-label={outcome ?? label} onClick={() => void copy()}>
      {outcome ?? children}
    </QuietButton>
  );
}

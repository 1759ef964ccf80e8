import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { copyText } from './clipboard';
import { CopyIcon } from './icons';

const thanksMs = 2_000;

type Outcome = 'none' | 'copied' | 'refused';

const words: Record<Outcome, string> = { none: 'Copy', copied: 'Copied', refused: 'Select it and copy by hand' };

/** Copies a text and says whether that worked. `label` says what is copied. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const [outcome, setOutcome] = useState<Outcome>('none');
  useEffect(() => {
    if (outcome !== 'copied') return;
    const timer = setTimeout(() => setOutcome('none'), thanksMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<CopyIcon size={15} />}
        aria-label={outcome === 'none' ? label : words[outcome]}
        onClick={() => void copyText(text).then((copied) => setOutcome(copied ? 'copied' : 'refused'))}
      >
        {words[outcome]}
      </Button>
      <span className="visually-hidden" role="status">
        {outcome === 'none' ? '' : words[outcome]}
      </span>
    </>
  );
}

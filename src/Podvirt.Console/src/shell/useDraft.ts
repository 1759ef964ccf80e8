import { useState, type FormEvent } from 'react';

/** What a form holds until it is sent. */
export function useDraft<Draft extends object>(first: Draft, onSubmit: (draft: Draft) => void) {
  const [draft, setDraft] = useState(first);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit(draft);
  };
  return { draft, change, submit };
}

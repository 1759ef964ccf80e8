import { NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { formatMoment } from '../models/moments';
import { lifetimes } from './lifetimes';

const keep = 'keep';
const other = 'other';

interface ExpiryFieldProps {
  /** A lifetime from now; '' for none; null to leave the expiry as it is. */
  value: string | null;
  /** When the key expires now; undefined for a key that is still to be made. */
  expiresAt: string | null | undefined;
  onChange: (value: string | null) => void;
  error: string | null;
}

export function ExpiryField({ value, expiresAt, onChange, error }: ExpiryFieldProps) {
  const [typing, setTyping] = useState(false);
  const choices = [
    ...(expiresAt === undefined
      ? []
      : [{ value: keep, label: expiresAt === null ? 'As it is: does not expire' : `As it is: ${formatMoment(expiresAt)}` }]),
    ...lifetimes.map((lifetime) => (expiresAt === undefined || lifetime.value === '' ? lifetime : { ...lifetime, label: `${lifetime.label} from now` })),
    { value: other, label: 'Another lifetime…' },
  ];
  return (
    <>
      <NativeSelect
        label="Expires"
        data={choices}
        value={typing ? other : (value ?? keep)}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          setTyping(chosen === other);
          if (chosen !== other) onChange(chosen === keep ? null : chosen);
        }}
        error={typing ? null : error}
      />
      {typing && (
        <TextInput
          label="Lifetime from now"
          description="Such as 12h or 45d."
          value={value ?? ''}
          onChange={(event) => onChange(event.currentTarget.value)}
          error={error}
        />
      )}
    </>
  );
}

import { NativeSelect, NumberInput, TextInput } from '@mantine/core';
import type { VideoOffer } from '../models/model';
import { sizeWords } from './job';
import { numberOrEmpty } from './numberOrEmpty';

interface SizeFieldProps {
  value: string;
  offer: VideoOffer | null;
  onChange: (value: string) => void;
  error: string | null;
}

/** A choice where the model names its sizes, else any. */
export function SizeField({ value, offer, onChange, error }: SizeFieldProps) {
  const sizes = offer?.sizes ?? [];
  if (sizes.length === 0) {
    return (
      <TextInput
        label="Size"
        placeholder="Engine default"
        description="Such as 1280x720."
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
      />
    );
  }
  return (
    <NativeSelect
      label="Size"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={withCurrent(sizes, value).map((size) => ({ value: size, label: sizeWords(size) }))}
      error={error}
    />
  );
}

interface LengthFieldProps {
  value: number | '';
  offer: VideoOffer | null;
  onChange: (value: number | '') => void;
  error: string | null;
}

/** A choice where the model names its lengths, else any up to its longest. */
export function LengthField({ value, offer, onChange, error }: LengthFieldProps) {
  const lengths = offer?.seconds ?? [];
  const longest = offer?.max_seconds ?? null;
  if (lengths.length === 0) {
    return (
      <NumberInput
        label="Seconds"
        placeholder="Engine default"
        description={longest === null ? 'Of the video.' : `At most ${longest}.`}
        clampBehavior="none"
        allowDecimal={false}
        allowNegative={false}
        hideControls
        value={value}
        onChange={(changed) => onChange(numberOrEmpty(changed))}
        error={error}
      />
    );
  }
  return (
    <NativeSelect
      label="Seconds"
      value={String(value)}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
      data={withCurrent(lengths.map(String), String(value)).map((length) => ({ value: length, label: `${length} s` }))}
      error={error}
    />
  );
}

/** What was chosen stays visible, also where the model no longer offers it: the server says so. */
function withCurrent(choices: string[], current: string): string[] {
  return current === '' || choices.includes(current) ? choices : [...choices, current];
}

import { Button, NumberInput, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { defaultSettings, type Settings } from './conversation';
import { mostStops, stopsFromText, stopsToText } from './stops';
import classes from './SettingsForm.module.css';

interface SettingsFormProps {
  settings: Settings;
  onChange: (settings: Settings) => void;
  /** Null for a chat that has not begun. */
  sessionId: string | null;
}

/** An empty field means the engine's own default. */
function numberOrNull(value: number | string): number | null {
  return typeof value === 'number' ? value : null;
}

export function SettingsForm({ settings, onChange, sessionId }: SettingsFormProps) {
  return (
    <Stack gap="md">
      <Textarea
        label="System prompt"
        description="Goes before the conversation, from the next message on."
        placeholder="You are a helpful assistant."
        autosize
        minRows={4}
        maxRows={12}
        value={settings.system}
        onChange={(event) => onChange({ ...settings, system: event.currentTarget.value })}
      />
      <NumberInput
        label="Temperature"
        description="0 is steady, 2 is wild. Empty: the engine’s default."
        placeholder="Engine default"
        min={0}
        max={2}
        step={0.1}
        decimalScale={2}
        clampBehavior="strict"
        value={settings.temperature ?? ''}
        onChange={(value) => onChange({ ...settings, temperature: numberOrNull(value) })}
      />
      <NumberInput
        label="Max tokens"
        description="Where the answer is cut. Empty: the engine’s default."
        placeholder="Engine default"
        min={1}
        step={64}
        allowDecimal={false}
        allowNegative={false}
        value={settings.max_tokens ?? ''}
        onChange={(value) => onChange({ ...settings, max_tokens: numberOrNull(value) })}
      />
      <Stops stops={settings.stop} onChange={(stop) => onChange({ ...settings, stop })} />
      <Button variant="subtle" color="gray" size="xs" onClick={() => onChange(defaultSettings)}>
        Back to defaults
      </Button>
      {sessionId !== null && (
        <p className={classes.session}>
          Session <code>{sessionId}</code> keeps this conversation on the replica that has it cached.
        </p>
      )}
    </Stack>
  );
}

function Stops({ stops, onChange }: { stops: string[]; onChange: (stops: string[]) => void }) {
  // As typed: a line that is still empty is no sequence, but must stay.
  const [text, setText] = useState(() => stopsToText(stops));
  const typed = stopsFromText(text);
  const shown = stopsToText(typed.slice(0, mostStops)) === stopsToText(stops) ? text : stopsToText(stops);
  return (
    <Textarea
      label="Stop sequences"
      description="One per line, at most four; \n stands for a line break. The answer ends before any of them."
      placeholder="None"
      autosize
      minRows={2}
      maxRows={6}
      value={shown}
      error={typed.length > mostStops ? 'At most four: the rest is left out.' : undefined}
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(stopsFromText(event.currentTarget.value).slice(0, mostStops));
      }}
    />
  );
}

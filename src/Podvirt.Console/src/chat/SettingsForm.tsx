import { Button, NumberInput, Stack, Textarea } from '@mantine/core';
import { defaultSettings, type Settings } from './conversation';

interface SettingsFormProps {
  settings: Settings;
  onChange: (settings: Settings) => void;
}

/** An empty field means the engine's own default. */
function numberOrNull(value: number | string): number | null {
  return typeof value === 'number' ? value : null;
}

export function SettingsForm({ settings, onChange }: SettingsFormProps) {
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
        value={settings.maxTokens ?? ''}
        onChange={(value) => onChange({ ...settings, maxTokens: numberOrNull(value) })}
      />
      <Button variant="subtle" color="gray" size="xs" onClick={() => onChange(defaultSettings)}>
        Back to defaults
      </Button>
    </Stack>
  );
}

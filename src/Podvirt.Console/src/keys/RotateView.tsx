import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { problemAt, problemElsewhere } from '../http/problems';
import { FormProblem } from '../shell/FormProblem';
import type { ApiKey, NewSecret } from './apiKey';
import { overlaps } from './lifetimes';
import { useRotateKey } from './useKeys';

interface RotateViewProps {
  apiKey: ApiKey;
  onRotated: (created: NewSecret) => void;
  onCancel: () => void;
}

export function RotateView({ apiKey, onRotated, onCancel }: RotateViewProps) {
  const [overlap, setOverlap] = useState('1h');
  const rotate = useRotateKey(apiKey.id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rotate.mutate(overlap, { onSuccess: onRotated });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          <b>{apiKey.name}</b> gets a new secret; its name, limits and figures stay. Clients can change over while the
          old secret still works.
        </Text>
        <NativeSelect
          label="The old secret works on for"
          data={overlaps}
          value={overlap}
          onChange={(event) => setOverlap(event.currentTarget.value)}
          error={problemAt(rotate.error, 'overlap')}
          data-autofocus
        />
        <FormProblem>{problemElsewhere(rotate.error, ['overlap'])}</FormProblem>
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={rotate.isPending}>
            Make a new secret
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

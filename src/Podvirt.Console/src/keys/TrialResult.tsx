import { Alert } from '@mantine/core';
import type { Trial } from './tryKey';

/** What came of a test. The region is always there, so that a screen reader hears it. */
export function TrialResult({ trial }: { trial: Trial | null }) {
  return (
    <div role="status">
      {trial !== null && (
        <Alert color={trial.works ? 'teal' : 'red'} variant="light" role="presentation">
          {trial.text}
        </Alert>
      )}
    </div>
  );
}

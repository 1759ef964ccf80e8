import { NumberInput, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { NextChevronIcon } from '../shell/icons';
import { QuietButton } from '../shell/QuietButton';
import type { Field, VideoDraft } from './draft';
import { numberOrEmpty } from './numberOrEmpty';
import classes from './VideoForm.module.css';

interface MoreFieldsProps {
  draft: VideoDraft;
  onChange: (part: Partial<VideoDraft>) => void;
  problem: (field: Field) => string | null;
  /** Something in it is wrong: it cannot stay closed. */
  open: boolean;
}

/** What most never touch. Empty fields are left to the engine. */
export function MoreFields({ draft, onChange, problem, open }: MoreFieldsProps) {
  const set = [draft.negativePrompt, draft.steps, draft.guidance, draft.fps].filter((value) => value !== '').length;
  const [asked, setAsked] = useState(false);
  const shown = asked || open;
  return (
    <div>
      <QuietButton className={classes.more} aria-expanded={shown} onClick={() => setAsked(!shown)}>
        {shown ? 'Less' : 'More'}
        {!shown && set > 0 && ` (${set} set)`}
        <NextChevronIcon size={12} />
      </QuietButton>
      {shown && (
        <Stack gap="sm" className={classes.moreFields}>
          <Textarea
            label="Negative prompt"
            description="What the video should not show."
            placeholder="None"
            autosize
            minRows={2}
            maxRows={6}
            value={draft.negativePrompt}
            onChange={(event) => onChange({ negativePrompt: event.currentTarget.value })}
            error={problem('negative_prompt')}
          />
          <div className={classes.pair}>
            <NumberInput
              label="Steps"
              placeholder="Engine default"
              min={1}
              allowDecimal={false}
              allowNegative={false}
              value={draft.steps}
              onChange={(value) => onChange({ steps: numberOrEmpty(value) })}
              error={problem('num_inference_steps')}
            />
            <NumberInput
              label="Guidance"
              placeholder="Engine default"
              min={0}
              step={0.5}
              decimalScale={2}
              allowNegative={false}
              value={draft.guidance}
              onChange={(value) => onChange({ guidance: numberOrEmpty(value) })}
              error={problem('guidance_scale')}
            />
          </div>
          <NumberInput
            label="Frames per second"
            placeholder="Engine default"
            min={1}
            allowDecimal={false}
            allowNegative={false}
            value={draft.fps}
            onChange={(value) => onChange({ fps: numberOrEmpty(value) })}
            error={problem('fps')}
          />
        </Stack>
      )}
    </div>
  );
}

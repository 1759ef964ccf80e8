import { Button, NumberInput, Stack, Textarea } from '@mantine/core';
import { useEffect, useRef, useState, type FormEvent, type RefObject } from 'react';
import { problemAt, problemElsewhere } from '../http/problems';
import type { ModelView } from '../models/model';
import type { SessionProject } from '../session/session';
import { FormProblem } from '../shell/FormProblem';
import { costWords } from './costWords';
import { fields, formOf, moreFields, problemsOf, type Field, type FieldProblems, type VideoDraft } from './draft';
import { MoreFields } from './MoreFields';
import { numberOrEmpty } from './numberOrEmpty';
import { ReferenceField } from './ReferenceField';
import { LengthField, SizeField } from './SizeAndLength';
import classes from './VideoForm.module.css';

interface VideoFormProps {
  model: ModelView;
  /** Who pays. */
  project: SessionProject;
  draft: VideoDraft;
  onDraft: (draft: VideoDraft) => void;
  prompt: RefObject<HTMLTextAreaElement | null>;
  busy: boolean;
  /** What the server said of it; null while nothing is wrong. */
  error: unknown;
  onSubmit: (form: FormData) => void;
}

/** What the video should show and how it is made. What the server refuses is said at the field. */
export function VideoForm({ model, project, draft, onDraft, prompt, busy, error, onSubmit }: VideoFormProps) {
  const [found, setFound] = useState<FieldProblems>({});
  const form = useRef<HTMLFormElement>(null);
  const change = (part: Partial<VideoDraft>) => {
    setFound({});
    onDraft({ ...draft, ...part });
  };
  const problem = (field: Field) => found[field] ?? problemAt(error, field);

  useEffect(() => {
    // Whoever cannot see the form hears there what is wrong with it.
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [found, error]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const problems = problemsOf(draft, model.video);
    setFound(problems);
    if (Object.keys(problems).length === 0) onSubmit(formOf(draft, model.id));
  };

  return (
    <section className={classes.panel} aria-labelledby="new-video">
      <h2 id="new-video" className={classes.heading}>
        New video
      </h2>
      <form ref={form} onSubmit={submit} noValidate>
        <Stack gap="sm">
          <Textarea
            ref={prompt}
            label="Prompt"
            placeholder="A paper boat sails down a rainy street, seen from above"
            autosize
            minRows={4}
            maxRows={12}
            value={draft.prompt}
            onChange={(event) => change({ prompt: event.currentTarget.value })}
            error={problem('prompt')}
          />
          <div className={classes.pair}>
            <SizeField value={draft.size} offer={model.video} onChange={(size) => change({ size })} error={problem('size')} />
            <LengthField value={draft.seconds} offer={model.video} onChange={(seconds) => change({ seconds })} error={problem('seconds')} />
          </div>
          <NumberInput
            label="Seed"
            description="The same seed makes the same video again."
            placeholder="Another one each time"
            min={0}
            allowDecimal={false}
            allowNegative={false}
            hideControls
            value={draft.seed}
            onChange={(value) => change({ seed: numberOrEmpty(value) })}
            error={problem('seed')}
          />
          <ReferenceField value={draft.reference} onChange={(reference) => change({ reference })} error={problem('input_reference')} />
          <MoreFields draft={draft} onChange={change} problem={problem} open={moreFields.some((field) => problem(field) !== null)} />
          <FormProblem>{problemElsewhere(error, fields)}</FormProblem>
          <Button type="submit" loading={busy}>
            Make the video
          </Button>
          <p className={classes.hint}>
            Billed to {project.name}. {costWords(model.price?.video_second ?? null, draft.seconds)}
          </p>
        </Stack>
      </form>
    </section>
  );
}

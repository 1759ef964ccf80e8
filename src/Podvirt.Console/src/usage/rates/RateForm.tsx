import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Panel } from '../../charts/Panel';
import { ApiError, call, messageOf } from '../../http/api';
import { useSession } from '../../session/session';
import { formatTime } from '../time';
import type { RateVersion } from '../wire';
import { bodyOf, fieldsOf, momentOf, problemsOf, type RateFields, type RateProblems } from './rateForm';
import { priceKinds } from './rates';
import classes from './RatesPage.module.css';

/** Sets a new version of a model's rate. What is refused is said at its field. */
export function RateForm({ model, inForce }: { model: string; inForce: RateVersion | null }) {
  const client = useQueryClient();
  // Members are known by their address; the admin token is nobody's.
  const anonymous = useSession().data?.member === null;
  const [fields, setFields] = useState(() => fieldsOf(inForce));
  const [problems, setProblems] = useState<RateProblems>({});
  const send = useMutation({
    mutationFn: async (body: Record<string, string>) => {
      const response = await call(`/api/models/${model.split('/').map(encodeURIComponent).join('/')}/rates`, { method: 'POST', body });
      return (await response.json()) as RateVersion;
    },
    onSuccess: async () => {
      setFields((current) => ({ ...current, from: '' }));
      await client.invalidateQueries({ queryKey: ['usage', 'rates'] });
    },
    onError: (error) => setProblems(problemsFrom(error)),
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = problemsOf(fields, Date.now());
    setProblems(found);
    if (Object.keys(found).length === 0) send.mutate(bodyOf(fields));
  };
  const field = (name: keyof RateFields) => ({
    value: fields[name],
    error: problems[name],
    onChange: (event: { currentTarget: { value: string } }) => {
      const value = event.currentTarget.value;
      setFields((current) => ({ ...current, [name]: value }));
    },
  });

  return (
    <Panel title="Set a new rate">
      <p className={classes.note}>
        It takes the place of the one in force, now or from a later moment on. What was used before keeps its rate. A price that is left out is free; without
        their own, cached prompts and embeddings cost what prompts do.
      </p>
      <form className={classes.form} onSubmit={submit} noValidate aria-label={`New rate of ${model}`}>
        {priceKinds.map(({ name, label }) => (
          <TextInput
            key={name}
            label={label}
            description={name === 'video_second' ? 'USD' : 'USD per million tokens'}
            inputMode="decimal"
            autoComplete="off"
            {...field(name)}
          />
        ))}
        <TextInput type="datetime-local" label="Begins (UTC)" description={beginning(fields.from)} {...field('from')} />
        {anonymous && <TextInput label="Set by" description="The name that is kept" autoComplete="name" {...field('by')} />}
        <div className={classes.send}>
          <Button type="submit" loading={send.isPending}>
            Set this rate
          </Button>
          <div role="status">{send.isSuccess && !send.isPending && said(send.data)}</div>
          {send.isError && !send.isPending && !hasField(send.error) && (
            <p role="alert" className={classes.problem}>
              {messageOf(send.error)}
            </p>
          )}
        </div>
      </form>
    </Panel>
  );
}

function beginning(from: string): string {
  if (from === '' || Number.isNaN(Date.parse(momentOf(from)))) return 'Empty: at once';
  return `By your clock ${formatTime(momentOf(from))}`;
}

function said(rate: RateVersion): string {
  return rate.in_force ? `Version ${rate.version} is in force.` : `Version ${rate.version} begins on ${formatTime(rate.from)}.`;
}

const fieldNames: readonly string[] = [...priceKinds.map(({ name }) => name), 'from', 'by'];

function hasField(error: unknown): error is ApiError & { param: string } {
  return error instanceof ApiError && error.param !== null && fieldNames.includes(error.param);
}

function problemsFrom(error: unknown): RateProblems {
  return hasField(error) ? { [error.param]: error.message } : {};
}

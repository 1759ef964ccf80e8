import { Button } from '@mantine/core';
import { compareMoney, formatMoney } from '../charts/money';
import { formatCount } from '../models/format';
import { formatDay, formatDistance, formatMoment } from '../models/moments';
import { usageTone } from '../models/usage';
import { UsageBar } from '../models/UsageBar';
import { Fact } from '../shell/Fact';
import rows from '../shell/Rows.module.css';
import { StateTag, type StateTone } from '../shell/StateTag';
import type { ApiKey } from './apiKey';
import classes from './KeyRow.module.css';

export type KeyAction = 'try' | 'edit' | 'rotate' | 'revoke';

const states: Record<ApiKey['status'], { tone: StateTone; word: string }> = {
  active: { tone: 'good', word: 'Active' },
  expired: { tone: 'waiting', word: 'Expired' },
  revoked: { tone: 'bad', word: 'Revoked' },
};

const actions: { action: KeyAction; label: string }[] = [
  { action: 'try', label: 'Test' },
  { action: 'edit', label: 'Edit' },
  { action: 'rotate', label: 'Rotate' },
  { action: 'revoke', label: 'Revoke' },
];

interface KeyRowProps {
  apiKey: ApiKey;
  now: number;
  onAction: (action: KeyAction, key: ApiKey) => void;
}

export function KeyRow({ apiKey: key, now, onAction }: KeyRowProps) {
  const state = states[key.status];
  return (
    <li className={rows.row}>
      <div className={rows.rowHead}>
        <h2 className={rows.name}>{key.name}</h2>
        <StateTag tone={state.tone}>{state.word}</StateTag>
        <code className={rows.code}>{key.prefix}…</code>
      </div>
      <dl className={rows.facts}>
        <Fact label="Models" value={modelsOf(key)} />
        <Fact label="Requests a minute" value={rate(key.requests_per_minute)} />
        <Fact label="Tokens a minute" value={rate(key.tokens_per_minute)} />
        <Fact label="Last used" value={key.last_used_at === null ? 'Never' : formatDistance(key.last_used_at, now)} />
        <Fact label={key.status === 'expired' ? 'Expired' : 'Expires'} value={expiry(key, now)} />
        <Fact label="Created" value={formatDay(key.created_at)} />
        {key.revoked_at !== null && <Fact label="Revoked" value={formatMoment(key.revoked_at)} />}
        {key.monthly_budget === null && <Fact label="Spent this month" value={formatMoney(key.spent_this_month)} />}
      </dl>
      {key.monthly_budget !== null && <Budget apiKey={key} budget={key.monthly_budget} />}
      {key.retiring.map(({ prefix, until }) => (
        <p key={prefix} className={rows.note}>
          The old secret <code>{prefix}…</code> works until {formatMoment(until)}.
        </p>
      ))}
      {key.status !== 'revoked' && (
        <div className={rows.actions}>
          {actions.map(({ action, label }) => (
            <Button
              key={action}
              size="xs"
              variant="default"
              className={action === 'revoke' ? classes.danger : undefined}
              aria-label={`${label} ${key.name}`}
              aria-haspopup="dialog"
              onClick={() => onAction(action, key)}
            >
              {label}
            </Button>
          ))}
        </div>
      )}
    </li>
  );
}

function Budget({ apiKey: key, budget }: { apiKey: ApiKey; budget: string }) {
  const spent = key.spent_this_month;
  const problem = key.status === 'active' ? budgetProblem(spent, budget) : null;
  return (
    <>
      <div className={classes.budget}>
        <span className={classes.label}>Spent this month</span>
        <UsageBar
          label={`Spending of ${key.name} this month`}
          used={Number(spent)}
          limit={Number(budget)}
          figures={`${formatMoney(spent)} of ${formatMoney(budget)}`}
        />
      </div>
      {problem !== null && (
        <p className={rows.note} data-tone="bad">
          {problem}
        </p>
      )}
    </>
  );
}

/** What callers of the key meet. */
function budgetProblem(spent: string, budget: string): string | null {
  if (compareMoney(spent, budget) >= 0) return 'The budget is used up: calls are refused until the month ends (UTC) or the budget is raised.';
  return usageTone(Number(spent), Number(budget)) === 'full'
    ? 'Little is left of the budget: calls that may cost more than that are refused.'
    : null;
}

const shownModels = 3;

function modelsOf({ models }: ApiKey): string {
  if (models === null) return 'All';
  const more = models.length - shownModels;
  return models.slice(0, shownModels).join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : '');
}

function rate(limit: number | null): string {
  return limit === null ? 'No limit' : formatCount(limit);
}

function expiry(key: ApiKey, now: number): string {
  return key.expires_at === null ? 'Never' : `${formatDay(key.expires_at)}, ${formatDistance(key.expires_at, now)}`;
}

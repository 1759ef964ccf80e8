import { ActionIcon } from '@mantine/core';
import { BackChevronIcon, NextChevronIcon } from '../shell/icons';
import type { Message } from './conversation';
import classes from './Siblings.module.css';

interface SiblingsProps {
  /** "answer" or "question". */
  noun: string;
  shown: Message;
  all: Message[];
  onChoose: (message: Message) => void;
}

/** "‹ 2 of 3 ›" between what was said in one place. Nothing where it is alone. */
export function Siblings({ noun, shown, all, onChoose }: SiblingsProps) {
  if (all.length < 2) return null;
  const at = all.findIndex(({ id }) => id === shown.id);
  const step = (by: number) => {
    const next = all[at + by];
    return {
      // Not `disabled`: a button that takes the focus with it at the end of the row would leave the keyboard nowhere.
      'aria-disabled': next === undefined,
      onClick: () => next !== undefined && onChoose(next),
      variant: 'subtle',
      color: 'gray',
      size: 'sm',
    } as const;
  };
  return (
    <div className={classes.siblings} role="group" aria-label={`Branches of this ${noun}`}>
      <ActionIcon {...step(-1)} aria-label={`Previous ${noun}`}>
        <BackChevronIcon size={14} />
      </ActionIcon>
      <span className="tabular">
        {at + 1} of {all.length}
      </span>
      <ActionIcon {...step(1)} aria-label={`Next ${noun}`}>
        <NextChevronIcon size={14} />
      </ActionIcon>
    </div>
  );
}

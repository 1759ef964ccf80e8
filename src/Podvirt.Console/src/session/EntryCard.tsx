import type { ReactNode } from 'react';
import { Mark } from '../shell/icons';
import classes from './EntryCard.module.css';

/** The frame of the pages before the console. */
export function EntryCard({ children }: { children: ReactNode }) {
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <div className={classes.brand}>
          <Mark size={28} /> <span>Podvirt</span>
        </div>
        {children}
      </div>
    </main>
  );
}

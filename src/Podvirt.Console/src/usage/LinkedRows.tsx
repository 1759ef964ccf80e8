import type { MouseEvent, ReactNode } from 'react';
import classes from './LinkedRows.module.css';

/** Around a table whose rows are named by links: a click anywhere in a row follows its link. For keys and readers the link is enough. */
export function LinkedRows({ children }: { children: ReactNode }) {
  return (
    <div className={classes.rows} onClick={follow}>
      {children}
    </div>
  );
}

function follow({ target }: MouseEvent) {
  // Whoever selects text to copy it does not want to leave.
  if (!(target instanceof Element) || target.closest('a, button') !== null || window.getSelection()?.isCollapsed === false) return;
  target.closest('tbody tr')?.querySelector<HTMLAnchorElement>('th a')?.click();
}

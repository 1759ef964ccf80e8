import { partsOf } from './money';
import classes from './Money.module.css';

/** An amount to its last digit; the digits below a cent stand back. */
export function Money({ amount }: { amount: string }) {
  const { sign, cents, rest } = partsOf(amount);
  return (
    <span className={classes.money}>
      {sign}
      {cents}
      {rest !== '' && <span className={classes.rest}>{rest}</span>}
    </span>
  );
}

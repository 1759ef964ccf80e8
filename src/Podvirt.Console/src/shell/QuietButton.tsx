import type { ButtonHTMLAttributes } from 'react';
import classes from './QuietButton.module.css';

/** For what can be done with a thing beside it, where a real button would shout. */
export function QuietButton({ className, ...rest }: ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button type="button" className={`${classes.quiet} ${className ?? ''}`} {...rest} />;
}

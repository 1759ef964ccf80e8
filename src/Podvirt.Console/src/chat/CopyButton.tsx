import { useEffect, useState } from 'react';
import classes from './CopyButton.module.css';

const thanksMs = 1_500;

/** Not there at all where the browser has no clipboard to offer: it has none over plain HTTP on another host. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), thanksMs);
    return () => clearTimeout(timer);
  }, [copied]);

  if (!window.isSecureContext) return null;
  return (
    <button
      type="button"
      className={classes.copy}
      aria-label={copied ? 'Copied' : label}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      {copied ? 'Copied' : 'Copy'}
    </button>
  );
}

import { CopyText } from './CopyText';
import classes from './SecretBox.module.css';

interface SecretBoxProps {
  /** What it is, such as "Secret". */
  label: string;
  text: string;
  copyLabel: string;
}

/** Something that is shown once: to be selected as a whole, or copied. */
export function SecretBox({ label, text, copyLabel }: SecretBoxProps) {
  return (
    <div className={classes.box}>
      {/* It takes the focus so that a keyboard can select it. */}
      <code className={classes.text} role="textbox" aria-readonly="true" aria-label={label} tabIndex={0}>
        {text}
      </code>
      <CopyText text={text} label={copyLabel} />
    </div>
  );
}

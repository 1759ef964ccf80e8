import { Code, Tabs, Text } from '@mantine/core';
import { Link } from 'react-router';
import type { ModelView } from '../models/model';
import { CopyText } from '../shell/CopyText';
import { Dialog } from '../shell/Dialog';
import { keyVariable, languages } from './languages';
import { needsOf, snippet } from './snippets';
import classes from './SnippetDialog.module.css';

interface SnippetDialogProps {
  model: ModelView;
  opened: boolean;
  onClose: () => void;
}

/** How to call the model from a program: each text runs as it stands. */
export default function SnippetDialog({ model, opened, onClose }: SnippetDialogProps) {
  return (
    <Dialog opened={opened} onClose={onClose} title={`API of ${model.name}`} size="xl">
      <Text size="sm" c="dimmed" className={classes.intro}>
        The key comes from the environment: <Code>{`export ${keyVariable}=pv-…`}</Code>{' '}
        <Link to="/inference/api-keys" className={classes.link}>
          Make one
        </Link>
      </Text>
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List aria-label="Language">
          {languages.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {languages.map(({ value, label }) => {
          const text = snippet(value, model, window.location.origin);
          return (
            <Tabs.Panel key={value} value={value} className={classes.panel}>
              <div className={classes.head}>
                <span>{needsOf(value, model)}</span>
                <CopyText text={text} label={`Copy the ${label} snippet`} />
              </div>
              {/* It scrolls sideways: whoever has no mouse needs the focus for that. */}
              <pre className={classes.code} tabIndex={0} role="region" aria-label={`${label} snippet`}>
                {text}
              </pre>
            </Tabs.Panel>
          );
        })}
      </Tabs>
    </Dialog>
  );
}

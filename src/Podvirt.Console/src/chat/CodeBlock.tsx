import { lazy, Suspense } from 'react';
import { useIsCodeFenceIncomplete, type Components } from 'streamdown';
import { CopyButton } from './CopyButton';
import classes from './CodeBlock.module.css';

const HighlightedCode = lazy(() => import('./HighlightedCode'));

type PreElement = NonNullable<Parameters<Extract<NonNullable<Components['pre']>, (props: never) => unknown>>[0]['node']>;

/** Longer blocks stay plain: colouring them would hold up the page. */
const longestHighlighted = 40_000;

/** A fenced block with its language and a copy button; coloured once it is complete. */
export const CodeBlock: NonNullable<Components['pre']> = ({ node }) => {
  const incomplete = useIsCodeFenceIncomplete();
  const { code, language } = read(node);
  const plain = <code>{code}</code>;
  const highlight = !incomplete && language !== null && code.length <= longestHighlighted;
  return (
    <div className={classes.block}>
      <div className={classes.head}>
        <span>{language ?? 'text'}</span>
        <CopyButton text={code} label="Copy the code" />
      </div>
      <pre className={classes.body} tabIndex={0} aria-label={language === null ? 'Code' : `Code in ${language}`}>
        {highlight ? (
          <Suspense fallback={plain}>
            <HighlightedCode code={code} language={language} />
          </Suspense>
        ) : (
          plain
        )}
      </pre>
    </div>
  );
};

function read(pre: PreElement | undefined): { code: string; language: string | null } {
  const element = pre?.children.find((child) => child.type === 'element');
  if (element?.type !== 'element') return { code: '', language: null };
  const names = element.properties['className'];
  const name = Array.isArray(names) ? names.find((one) => typeof one === 'string' && one.startsWith('language-')) : undefined;
  const code = element.children.map((child) => (child.type === 'text' ? child.value : '')).join('');
  return {
    code: code.replace(/\n$/, ''),
    language: typeof name === 'string' ? name.slice('language-'.length) : null,
  };
}

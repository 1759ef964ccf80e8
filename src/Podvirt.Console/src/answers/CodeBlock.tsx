import { lazy, memo, Suspense } from 'react';
import type { Components } from 'react-markdown';
import { CopyButton } from './CopyButton';
import { codeOf, type Piece } from './pieces';
import classes from './CodeBlock.module.css';

const HighlightedCode = lazy(() => import('./HighlightedCode'));

/** Longer blocks stay plain: colouring them would hold up the page. */
const longestHighlighted = 12_000;

/** A fenced block in the parts it came in: those that are finished are not drawn again while it grows. */
export const CodeBlock = memo(
  function CodeBlock({ parts }: { parts: Piece[] }) {
    const [head] = parts;
    return (
      <Block
        codes={parts.map(codeOf)}
        language={head?.fence?.language ?? null}
        complete={parts.at(-1)?.closed === true}
      />
    );
  },
  (before, after) => before.parts.length === after.parts.length && before.parts.at(-1)?.text === after.parts.at(-1)?.text,
);

/** A block inside a list or a quote, as the Markdown parser hands it over. */
export const NestedCodeBlock: NonNullable<Extract<Components['pre'], (props: never) => unknown>> = ({ node }) => {
  const element = node?.children.find((child) => child.type === 'element');
  if (element?.type !== 'element') return null;
  const names = element.properties['className'];
  const name = Array.isArray(names) ? names.find((one) => typeof one === 'string' && one.startsWith('language-')) : undefined;
  const code = element.children.map((child) => (child.type === 'text' ? child.value : '')).join('');
  const language = typeof name === 'string' ? name.slice('language-'.length) : null;
  return <Block codes={[code]} language={language} complete />;
};

function Block({ codes, language, complete }: { codes: string[]; language: string | null; complete: boolean }) {
  const length = codes.reduce((sum, code) => sum + code.length, 0);
  const plain = (
    <code>
      {codes.map((code, index) => (
        <Part key={index} code={index === codes.length - 1 ? code.replace(/\n$/, '') : code} />
      ))}
    </code>
  );
  return (
    <div className={classes.block}>
      <div className={classes.head}>
        <span>{language ?? 'text'}</span>
        <CopyButton text={() => codes.join('')} label="Copy the code" />
      </div>
      <pre className={classes.body} tabIndex={0} aria-label={language === null ? 'Code' : `Code in ${language}`}>
        {complete && language !== null && length <= longestHighlighted ? (
          <Suspense fallback={plain}>
            <HighlightedCode code={codes.join('').replace(/\n$/, '')} language={language} />
          </Suspense>
        ) : (
          plain
        )}
      </pre>
    </div>
  );
}

const Part = memo(function Part({ code }: { code: string }) {
  return <span className={classes.part}>{code}</span>;
});

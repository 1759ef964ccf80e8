import { memo, useMemo } from 'react';
import { defaultRehypePlugins, Streamdown, type Components } from 'streamdown';
import { CodeBlock } from './CodeBlock';
import { safeAddress } from './links';
import { segments } from './segments';
import classes from './Markdown.module.css';

const ExternalLink: NonNullable<Components['a']> = ({ href, children }) => {
  const address = safeAddress(href);
  if (address === null) return <span>{children}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow" className={classes.external}>
      {children}
      <span className="visually-hidden"> (opens in a new tab)</span>
    </a>
  );
};

/** An image in an answer would make the browser call an address of the model's choosing; its link is shown instead. */
const ImageLink: NonNullable<Components['img']> = ({ src, alt }) => {
  const address = safeAddress(typeof src === 'string' ? src : undefined);
  const text = `Image: ${alt === undefined || alt === '' ? 'without description' : alt}`;
  return address === null ? <span>{text}</span> : <ExternalLink href={address}>{text}</ExternalLink>;
};

const Table: NonNullable<Components['table']> = ({ children }) => (
  <div className={classes.tableFrame} tabIndex={0} role="region" aria-label="Table">
    <table>{children}</table>
  </div>
);

/** Plain elements, styled by this folder. Headings start below those of the page. */
const components: Components = {
  a: ExternalLink,
  img: ImageLink,
  table: Table,
  pre: CodeBlock,
  code: 'code',
  h1: 'h3', h2: 'h4', h3: 'h5', h4: 'h6', h5: 'h6', h6: 'h6',
  p: 'p', ul: 'ul', ol: 'ol', li: 'li', blockquote: 'blockquote', hr: 'hr', strong: 'strong',
  thead: 'thead', tbody: 'tbody', tr: 'tr', th: 'th', td: 'td', sup: 'sup', sub: 'sub', section: 'section',
};

/** No raw HTML: without the plugin that parses it, it stays text. What is left is sanitized all the same. */
const rehypePlugins = defaultRehypePlugins['sanitize'] === undefined ? [] : [defaultRehypePlugins['sanitize']];

const Segment = memo(function Segment({ text, streaming }: { text: string; streaming: boolean }) {
  return (
    <Streamdown
      // One mode for all: switching at the end would build every element anew, under the reader's eyes.
      mode="streaming"
      parseIncompleteMarkdown={streaming}
      isAnimating={streaming}
      className={classes.markdown ?? ''}
      components={components}
      rehypePlugins={rehypePlugins}
      controls={false}
    >
      {text}
    </Streamdown>
  );
});

/** A model's Markdown, safe to show while it grows. Only the last segment is parsed again when text arrives. */
export function Markdown({ text, streaming }: { text: string; streaming: boolean }) {
  const parts = useMemo(() => segments(text), [text]);
  return (
    <div>
      {parts.map((part, index) => (
        <Segment key={index} text={part} streaming={streaming && index === parts.length - 1} />
      ))}
    </div>
  );
}

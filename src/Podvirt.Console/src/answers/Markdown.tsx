import { memo, useEffect, useState } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import remend from 'remend';
import { CodeBlock, NestedCodeBlock } from './CodeBlock';
import { DrawingQueue } from './drawing';
import { safeAddress } from './links';
import { pieces, type Piece } from './pieces';
import classes from './Markdown.module.css';

const ExternalLink: NonNullable<Extract<Components['a'], (props: never) => unknown>> = ({ href, children }) => {
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
const ImageLink: Components['img'] = ({ src, alt }) => {
  const address = safeAddress(typeof src === 'string' ? src : undefined);
  const text = `Image: ${alt === undefined || alt === '' ? 'without description' : alt}`;
  return address === null ? <span>{text}</span> : <ExternalLink href={address}>{text}</ExternalLink>;
};

const Table: Components['table'] = ({ children }) => (
  <div className={classes.tableFrame} tabIndex={0} role="region" aria-label="Table">
    <table>{children}</table>
  </div>
);

/** Plain elements, styled by this folder. Headings start below those of the page. */
const components: Components = {
  a: ExternalLink, img: ImageLink, table: Table, pre: NestedCodeBlock,
  h1: 'h3', h2: 'h4', h3: 'h5', h4: 'h6', h5: 'h6', h6: 'h6',
};

const plugins = [remarkGfm];
/** What is not closed yet is closed for the time being; a link without its address is only its text. */
const mending = { linkMode: 'text-only', htmlTags: false, katex: false } as const;
/** Every address is looked at where it is drawn. */
const asItIs = (url: string) => url;

const MarkdownPiece = memo(function MarkdownPiece({ text, growing }: { text: string; growing: boolean }) {
  return (
    <div className={classes.markdown} data-growing={growing || undefined}>
      <ReactMarkdown remarkPlugins={plugins} components={components} urlTransform={asItIs}>
        {growing ? remend(text, mending) : text}
      </ReactMarkdown>
    </div>
  );
});

/** So much more is drawn at once, in characters; what came in a rush follows bit by bit. */
const step = 4_000;
/** So many pieces are drawn at once where a long text is there from the start: those at its end. */
const firstPieces = 3;
const charactersPerLine = 75;

const queue = new DrawingQueue();

interface MarkdownProps {
  text: string;
  growing: boolean;
  /** Drawn with the page; other texts wait their turn. */
  first: boolean;
}

/**
 * A model's Markdown, safe to show while it grows. HTML stays text. Only the last piece is parsed again when text arrives,
 * and no drawing holds up the page, however long the text is.
 */
export function Markdown({ text, growing, first }: MarkdownProps) {
  const [tick, setTick] = useState(0);
  const [cut, setCut] = useState(() => {
    const parts = pieces(text);
    return { tick, text, shown: text, parts, from: Math.max(0, parts.length - (first ? firstPieces : 0)) };
  });
  let now = cut;
  if (cut.text !== text || cut.tick !== tick) {
    const goesOn = text.startsWith(cut.shown);
    const shown = goesOn ? text.slice(0, cut.shown.length + step) : text;
    const parts = pieces(shown, goesOn ? cut.parts : []);
    now = { tick, text, shown, parts, from: Math.max(0, cut.tick === tick ? cut.from : cut.from - firstPieces) };
    setCut(now);
  }
  const behind = now.shown.length < text.length || now.from > 0;
  useEffect(() => (behind ? queue.add(() => setTick((old) => old + 1)) : undefined), [behind, tick]);

  const { parts, from } = now;
  return (
    <div className={classes.text}>
      {runs(parts).map(({ first: index, run }) => {
        const last = index + run.length === parts.length;
        const [piece] = run;
        if (piece === undefined) return null;
        if (index + run.length <= from) return <Placeholder key={index} run={run} />;
        return piece.fence === null ? (
          <MarkdownPiece key={index} text={piece.text} growing={(growing || behind) && last} />
        ) : (
          <CodeBlock key={index} parts={run} />
        );
      })}
    </div>
  );
}

/** About as high as what takes its place in a moment. */
function Placeholder({ run }: { run: Piece[] }) {
  const length = run.reduce((sum, piece) => sum + piece.text.length, 0);
  return <div data-later style={{ height: `${Math.ceil(length / charactersPerLine) * 1.6}rem` }} />;
}

/** The pieces of one code block belong together. */
function runs(parts: readonly Piece[]): { first: number; run: Piece[] }[] {
  const found: { first: number; run: Piece[] }[] = [];
  parts.forEach((piece, index) => {
    const last = found.at(-1);
    if (piece.continues && last !== undefined) last.run.push(piece);
    else found.push({ first: index, run: [piece] });
  });
  return found;
}

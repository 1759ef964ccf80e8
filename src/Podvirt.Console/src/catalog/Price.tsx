import { formatPrice } from '../models/format';
import type { ModelView } from '../models/model';
import { Fact } from '../shell/Fact';
import classes from './ModelCard.module.css';

export function Price({ model }: { model: ModelView }) {
  const price = model.price;
  if (price === null) return <p className={classes.noPrice}>No price is set</p>;
  if (model.type === 'video-generation') {
    if (price.video_second === null) return <p className={classes.noPrice}>No price is set</p>;
    return (
      <div className={classes.price}>
        <dl className={classes.prices} aria-label="Price per second of video">
          <Fact label="Video" value={formatPrice(price.video_second)} />
        </dl>
        <span className={classes.unit} aria-hidden="true">
          per second
        </span>
      </div>
    );
  }
  return (
    <div className={classes.price}>
      <dl className={classes.prices} aria-label="Price per million tokens">
        {/* Vectors are made of prompts alone. */}
        {model.type === 'embedding' ? (
          <Fact label="Input" value={formatPrice(price.embeddings ?? price.prompt)} />
        ) : (
          <>
            <Fact label="Prompt" value={formatPrice(price.prompt)} />
            <Fact label="Cached" value={formatPrice(price.cached)} />
            <Fact label="Completion" value={formatPrice(price.completion)} />
          </>
        )}
      </dl>
      <span className={classes.unit} aria-hidden="true">
        per 1M tokens
      </span>
    </div>
  );
}

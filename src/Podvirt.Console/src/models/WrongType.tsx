import { Notice } from '../shell/Notice';
import pageClasses from '../shell/Page.module.css';
import { chatPath, videoPath } from './address';
import { canChat, canMakeVideo, type ModelView } from './model';
import { toModels } from './ModelOfAddress';

/** In place of a page that a model of this type has not: where its own is. */
export function WrongType({ model, wanted }: { model: ModelView; wanted: 'chat' | 'video' }) {
  const title = wanted === 'chat' ? `${model.name} does not chat` : `${model.name} makes no videos`;
  return (
    <div className={pageClasses.page}>
      {canMakeVideo(model) ? (
        <Notice level={1} title={title} action={{ label: 'Make a video', to: videoPath(model.id) }}>
          It generates videos, which have a page of their own.
        </Notice>
      ) : canChat(model) ? (
        <Notice level={1} title={title} action={{ label: 'Chat', to: chatPath(model.id) }}>
          It answers in text, in a chat.
        </Notice>
      ) : model.type === 'embedding' ? (
        <Notice level={1} title={title} action={toModels}>
          It is an embedding model: it turns text into vectors. Call <code>POST /v1/embeddings</code> with{' '}
          <code>{`"model": "${model.id}"`}</code>.
        </Notice>
      ) : (
        <Notice level={1} title={title} action={toModels}>
          It is of the type <code>{model.type}</code>, which has no page here.
        </Notice>
      )}
    </div>
  );
}

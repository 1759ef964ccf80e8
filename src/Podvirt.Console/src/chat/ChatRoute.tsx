import { useLocation } from 'react-router';
import { messageOf } from '../http/api';
import { useModels } from '../live/ModelFeed';
import { chatModelId } from '../models/address';
import { canChat, type ModelView } from '../models/model';
import { Notice } from '../shell/Notice';
import { NotFoundPage } from '../shell/NotFoundPage';
import pageClasses from '../shell/Page.module.css';
import { PageLoader } from '../shell/PageLoader';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { ChatPage } from './ChatPage';

const toModels = { label: 'To the models', to: '/inference/serverless' };

/** Finds the model that the address names, and says what is the matter where there is none to chat with. */
export default function ChatRoute() {
  const { pathname } = useLocation();
  const id = chatModelId(pathname);
  return id === null ? <NotFoundPage /> : <ModelChat key={id} id={id} />;
}

function ModelChat({ id }: { id: string }) {
  const models = useModels();
  const model = models.data?.find((candidate) => candidate.id === id);
  useDocumentTitle(model === undefined ? 'Chat' : `Chat with ${model.name}`);

  if (model !== undefined && canChat(model)) return <ChatPage model={model} />;
  if (models.isPending) return <PageLoader />;
  return (
    <div className={pageClasses.page}>
      {model !== undefined ? (
        <WrongType model={model} />
      ) : models.data === undefined ? (
        <Notice
          level={1}
          tone="failed"
          title="The model could not be loaded"
          action={{ label: 'Try again', run: () => void models.refetch() }}
        >
          {messageOf(models.error)}
        </Notice>
      ) : (
        <Notice level={1} title="No such model" action={toModels}>
          The catalog has no model with the id <code>{id}</code>. It may have been renamed or removed.
        </Notice>
      )}
    </div>
  );
}

function WrongType({ model }: { model: ModelView }) {
  return (
    <Notice level={1} title={`${model.name} does not chat`} action={toModels}>
      {model.type === 'embedding' ? (
        <>
          It is an embedding model: it turns text into vectors. Call <code>POST /v1/embeddings</code> with{' '}
          <code>{`"model": "${model.id}"`}</code>.
        </>
      ) : model.type === 'video-generation' ? (
        <>It generates video, and is not available for chat.</>
      ) : (
        <>
          It is of the type <code>{model.type}</code>, which is not available for chat.
        </>
      )}
    </Notice>
  );
}

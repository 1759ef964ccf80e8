import { useLocation } from 'react-router';
import { chatModelId } from '../models/address';
import { canChat } from '../models/model';
import { ModelOfAddress } from '../models/ModelOfAddress';
import { WrongType } from '../models/WrongType';
import { NotFoundPage } from '../shell/NotFoundPage';
import { ChatPage } from './ChatPage';

/** Finds the model that the address names, and says what is the matter where there is none to chat with. */
export default function ChatRoute() {
  const id = chatModelId(useLocation().pathname);
  if (id === null) return <NotFoundPage />;
  return (
    <ModelOfAddress key={id} id={id} title={(name) => (name === null ? 'Chat' : `Chat with ${name}`)}>
      {(model) => (canChat(model) ? <ChatPage model={model} /> : <WrongType model={model} wanted="chat" />)}
    </ModelOfAddress>
  );
}

import { useLocation } from 'react-router';
import { videoModelId } from '../models/address';
import { canMakeVideo } from '../models/model';
import { ModelOfAddress } from '../models/ModelOfAddress';
import { WrongType } from '../models/WrongType';
import { NotFoundPage } from '../shell/NotFoundPage';
import { VideoPage } from './VideoPage';

/** Finds the model that the address names, and says what is the matter where there is none that makes videos. */
export default function VideoRoute() {
  const id = videoModelId(useLocation().pathname);
  if (id === null) return <NotFoundPage />;
  return (
    <ModelOfAddress key={id} id={id} title={(name) => (name === null ? 'Video' : `Video with ${name}`)}>
      {(model) => (canMakeVideo(model) ? <VideoPage model={model} /> : <WrongType model={model} wanted="video" />)}
    </ModelOfAddress>
  );
}

import { memo, useEffect } from 'react';
import { isRunning, type Answer } from '../answers/answer';
import { AnswerView } from '../answers/AnswerView';
import { useAnswer } from '../answers/useAnswer';
import type { ModelView } from '../models/model';
import { announcement } from './announcement';
import type { Message } from './conversation';
import { Question } from './Question';
import { Siblings } from './Siblings';
import { sameTurn, type Turn } from './tree';
import classes from './TurnView.module.css';
import type { TurnActions } from './useChat';

interface TurnViewProps {
  turn: Turn;
  /** The model's name: whose words the answers are. */
  name: string;
  /** Only for the answer that may wait for it; the others need not follow its state. */
  model: ModelView | null;
  actions: TurnActions;
  /** Only for the last turn: hears what a screen reader should say. */
  announce: ((text: string) => void) | null;
}

/** A question and its answer. Turns that did not change are not drawn again while a later one streams. */
export const TurnView = memo(
  function TurnView({ turn, name, model, actions, announce }: TurnViewProps) {
    const { question, questions, answer, answers } = turn;
    return (
      <div className={classes.turn} data-running={(answer?.answer != null && isRunning(answer.answer)) || undefined}>
        <Question
          content={question.content}
          onEdit={(content) => actions.edit(question, content)}
          siblings={<Siblings noun="question" shown={question} all={questions} onChoose={actions.choose} />}
        />
        {answer?.answer != null && (
          <AnswerMessage
            key={answer.id}
            message={answer}
            answer={answer.answer}
            answers={answers}
            question={question}
            name={name}
            model={model}
            actions={actions}
            announce={announce}
          />
        )}
      </div>
    );
  },
  (before, after) =>
    sameTurn(before.turn, after.turn) &&
    before.name === after.name &&
    before.model === after.model &&
    before.actions === after.actions &&
    before.announce === after.announce,
);

interface AnswerMessageProps extends Omit<TurnViewProps, 'turn'> {
  message: Message;
  answer: Answer;
  answers: Message[];
  question: Message;
}

function AnswerMessage({ message, answer, answers, question, name, model, actions, announce }: AnswerMessageProps) {
  const shown = useAnswer(answer, (ended) => actions.ended(message, ended));
  const said = announce === null ? '' : announcement(name, model, shown.answer, shown.settled);
  useEffect(() => announce?.(said), [announce, said]);
  return (
    <AnswerView
      shown={shown}
      name={name}
      model={model}
      onRetry={() => actions.regenerate(question)}
      first={announce !== null}
      siblings={<Siblings noun="answer" shown={message} all={answers} onChoose={actions.choose} />}
    />
  );
}

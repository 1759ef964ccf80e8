using System.Text.Json;
using Microsoft.Data.Sqlite;
using Podvirt.Api;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Chats.Sqlite;

/// <summary>The writes to <c>conversations.db</c>.</summary>
internal sealed class ConversationSession(SqliteConnection connection) : WriteSession(connection)
{
    public static IReadOnlyList<string> Migrations { get; } =
    [
        """
        CREATE TABLE conversation (
          id TEXT NOT NULL PRIMARY KEY, visitor TEXT NOT NULL, project TEXT NOT NULL, model TEXT NOT NULL, title TEXT NOT NULL,
          session_id TEXT NOT NULL, settings TEXT NOT NULL, leaf TEXT, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX conversation_by_visitor ON conversation (visitor, updated_us, id);
        CREATE TABLE message (
          seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL, parent TEXT, role TEXT NOT NULL,
          content TEXT NOT NULL, created_us INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX message_by_conversation ON message (conversation, seq);
        CREATE TABLE answer (
          id TEXT NOT NULL PRIMARY KEY, visitor TEXT NOT NULL, project TEXT NOT NULL, model TEXT NOT NULL, conversation TEXT,
          running INTEGER NOT NULL, facts TEXT NOT NULL, text TEXT NOT NULL, thinking TEXT, started_us INTEGER NOT NULL, frames_until_us INTEGER,
          request_headers TEXT, request_body BLOB, response_head TEXT, frames_truncated INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX answer_by_conversation ON answer (conversation) WHERE conversation IS NOT NULL;
        CREATE INDEX answer_by_visitor ON answer (visitor, started_us) WHERE conversation IS NULL;
        CREATE INDEX answer_that_runs ON answer (id) WHERE running = 1;
        CREATE INDEX answer_by_end ON answer (frames_until_us) WHERE frames_until_us IS NOT NULL;
        CREATE TABLE part (answer TEXT NOT NULL, seq INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL, thinking TEXT NOT NULL) STRICT;
        CREATE INDEX part_by_answer ON part (answer, seq);
        CREATE TABLE frame (answer TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, packed BLOB NOT NULL, PRIMARY KEY (answer, first)) STRICT;
        CREATE TABLE retention (visitor TEXT NOT NULL PRIMARY KEY, days INTEGER NOT NULL) STRICT;
        """,
    ];

    public bool Create(Conversation conversation)
    {
        if (Sql.Number(Connection, "SELECT count(*) FROM conversation WHERE visitor = $visitor", ("$visitor", conversation.Visitor))
            >= ChatBounds.ConversationsPerVisitor)
        {
            return false;
        }
        Sql.Run(
            Connection,
            """
            INSERT INTO conversation (id, visitor, project, model, title, session_id, settings, leaf, created_us, updated_us)
            VALUES ($id, $visitor, $project, $model, $title, $session, $settings, NULL, $at, $at)
            """,
            ("$id", conversation.Id), ("$visitor", conversation.Visitor), ("$project", conversation.Project), ("$model", conversation.Model),
            ("$title", conversation.Title), ("$session", conversation.SessionId), ("$settings", Json(conversation.Settings)),
            ("$at", Sql.Micros(conversation.CreatedAt)));
        return true;
    }

    public bool Change(string visitor, string id, string? title, ChatSettings? settings, string? leaf) => Sql.Run(
        Connection,
        """
        UPDATE conversation SET title = coalesce($title, title), settings = coalesce($settings, settings), leaf = coalesce($leaf, leaf)
        WHERE id = $id AND visitor = $visitor AND ($leaf IS NULL OR EXISTS (SELECT 1 FROM message WHERE id = $leaf AND conversation = $id))
        """,
        ("$title", title), ("$settings", settings is null ? null : Json(settings)), ("$leaf", leaf), ("$id", id), ("$visitor", visitor)) > 0;

    public int Delete(string visitor, string? id)
    {
        var chosen = Sql.Texts(
            Connection, "SELECT id FROM conversation WHERE visitor = $visitor AND ($id IS NULL OR id = $id)", ("$visitor", visitor), ("$id", id));
        chosen.ForEach(DeleteConversation);
        return chosen.Count;
    }

    public int Forget(string visitor)
    {
        var conversations = Delete(visitor, id: null);
        Sql.Texts(Connection, "SELECT id FROM answer WHERE visitor = $visitor", ("$visitor", visitor)).ForEach(DeleteAnswer);
        SetRetention(visitor, days: null);
        return conversations;
    }

    public int SetRetention(string visitor, int? days) => days is null
        ? Sql.Run(Connection, "DELETE FROM retention WHERE visitor = $visitor", ("$visitor", visitor))
        : Sql.Run(
            Connection, "INSERT INTO retention VALUES ($visitor, $days) ON CONFLICT (visitor) DO UPDATE SET days = excluded.days",
            ("$visitor", visitor), ("$days", days));

    public BeginOutcome Begin(NewAnswer answer)
    {
        if (answer.Identity.Conversation is { } conversation)
        {
            var outcome = CheckRoom(answer.Identity.Visitor, conversation);
            if (outcome != BeginOutcome.Begun)
            {
                return outcome;
            }
            AddMessages(answer, conversation);
        }
        else
        {
            TrimLoneAnswers(answer.Identity.Visitor);
        }
        var (id, visitor, project, model, of) = answer.Identity;
        Sql.Run(
            Connection,
            """
            INSERT INTO answer (id, visitor, project, model, conversation, running, facts, text, started_us, request_headers, request_body, frames_truncated)
            VALUES ($id, $visitor, $project, $model, $conversation, 1, $facts, '', $at, $headers, $body, 0)
            """,
            ("$id", id), ("$visitor", visitor), ("$project", project), ("$model", model), ("$conversation", of), ("$facts", Json(answer.Facts)),
            ("$at", Sql.Micros(answer.Facts.StartedAt)), ("$headers", answer.RequestHeaders), ("$body", answer.RequestBody.ToArray()));
        return BeginOutcome.Begun;
    }

    /// <summary>Text in parts while it runs, so that a long answer is not written anew each time; as one when it is over.</summary>
    public bool Save(AnswerProgress progress)
    {
        var isRunning = progress.Facts.IsRunning;
        var isThere = Sql.Run(
            Connection,
            """
            UPDATE answer SET running = $running, facts = $facts, frames_until_us = $until, response_head = coalesce($head, response_head),
              frames_truncated = $truncated
            WHERE id = $id
            """,
            ("$running", isRunning ? 1 : 0), ("$facts", Json(progress.Facts)), ("$until", Sql.Micros(progress.Facts.FramesUntil)),
            ("$head", progress.ResponseHead), ("$truncated", progress.FramesTruncated ? 1 : 0), ("$id", progress.Id)) > 0;
        if (!isThere)
        {
            return false;
        }
        if (progress.Rewritten)
        {
            Sql.Run(Connection, "DELETE FROM part WHERE answer = $id", ("$id", progress.Id));
            Sql.Run(Connection, "UPDATE answer SET text = '', thinking = NULL WHERE id = $id", ("$id", progress.Id));
        }
        if (progress.Text.Length > 0 || progress.Thinking.Length > 0)
        {
            Sql.Run(
                Connection, "INSERT INTO part (answer, text, thinking) VALUES ($id, $text, $thinking)",
                ("$id", progress.Id), ("$text", progress.Text), ("$thinking", progress.Thinking));
        }
        if (progress.Frames is { } frames)
        {
            Sql.Run(
                Connection, "INSERT INTO frame VALUES ($id, $first, $count, $packed)",
                ("$id", progress.Id), ("$first", frames.First), ("$count", frames.Count), ("$packed", frames.Packed));
        }
        if (!isRunning)
        {
            JoinParts(progress.Id);
        }
        return true;
    }

    public int Interrupt(DateTimeOffset framesUntil)
    {
        var running = Sql.Texts(Connection, "SELECT id FROM answer WHERE running = 1");
        foreach (var id in running)
        {
            JoinParts(id);
            var facts = JsonSerializer.Deserialize<AnswerFacts>(
                Sql.Texts(Connection, "SELECT facts FROM answer WHERE id = $id", ("$id", id))[0], ApiJson.Options)!;
            Sql.Run(
                Connection, "UPDATE answer SET running = 0, facts = $facts, frames_until_us = $until WHERE id = $id",
                ("$facts", Json(AnswerEnds.ServerDied(facts, framesUntil))), ("$until", Sql.Micros(framesUntil)), ("$id", id));
        }
        return running.Count;
    }

    public SweepCounts Sweep(DateTimeOffset now)
    {
        var old = Sql.Texts(
            Connection,
            """
            SELECT c.id FROM retention r JOIN conversation c ON c.visitor = r.visitor AND c.updated_us < $now - r.days * 86400000000
            WHERE NOT EXISTS (SELECT 1 FROM answer a WHERE a.conversation = c.id AND a.running = 1)
            """,
            ("$now", Sql.Micros(now)));
        old.ForEach(DeleteConversation);
        var ended = Sql.Texts(Connection, "SELECT id FROM answer WHERE frames_until_us <= $now AND running = 0", ("$now", Sql.Micros(now)));
        foreach (var id in ended)
        {
            Sql.Run(Connection, "DELETE FROM frame WHERE answer = $id", ("$id", id));
            Sql.Run(
                Connection,
                """
                UPDATE answer SET thinking = NULL, request_headers = NULL, request_body = NULL, response_head = NULL, frames_until_us = NULL,
                  facts = json_set(facts, '$.frames_until', NULL)
                WHERE id = $id AND conversation IS NOT NULL
                """,
                ("$id", id));
            Sql.Run(Connection, "DELETE FROM answer WHERE id = $id AND conversation IS NULL", ("$id", id));
        }
        return new SweepCounts(old.Count, ended.Count);
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, ApiJson.Options);

    private BeginOutcome CheckRoom(string visitor, string conversation)
    {
        if (Sql.Number(Connection, "SELECT count(*) FROM conversation WHERE id = $id AND visitor = $visitor", ("$id", conversation), ("$visitor", visitor)) == 0)
        {
            return BeginOutcome.Gone;
        }
        if (Sql.Number(Connection, "SELECT count(*) FROM answer WHERE conversation = $id AND running = 1", ("$id", conversation)) > 0)
        {
            return BeginOutcome.Running;
        }
        var messages = Sql.Number(Connection, "SELECT count(*) FROM message WHERE conversation = $id", ("$id", conversation));
        var bytes = Sql.Number(
            Connection,
            """
            SELECT (SELECT coalesce(sum(octet_length(content)), 0) FROM message WHERE conversation = $id)
              + (SELECT coalesce(sum(octet_length(text)), 0) FROM answer WHERE conversation = $id)
            """,
            ("$id", conversation));
        return messages + 2 > ChatBounds.MessagesPerConversation || bytes > ChatBounds.ConversationBytes ? BeginOutcome.Full : BeginOutcome.Begun;
    }

    private void AddMessages(NewAnswer answer, string conversation)
    {
        if (answer.Question is { } question)
        {
            AddMessage(question, conversation);
        }
        AddMessage(new Message(answer.Identity.Id, answer.Parent, Message.Assistant, "", answer.Facts.StartedAt, null), conversation);
        Sql.Run(
            Connection,
            "UPDATE conversation SET leaf = $leaf, updated_us = max(updated_us, $at), title = iif(title = '', coalesce($title, ''), title) WHERE id = $id",
            ("$leaf", answer.Identity.Id), ("$at", Sql.Micros(answer.Facts.StartedAt)), ("$title", answer.Title), ("$id", conversation));
    }

    private void AddMessage(Message message, string conversation) => Sql.Run(
        Connection,
        "INSERT INTO message (id, conversation, parent, role, content, created_us) VALUES ($id, $conversation, $parent, $role, $content, $at)",
        ("$id", message.Id), ("$conversation", conversation), ("$parent", message.Parent), ("$role", message.Role), ("$content", message.Content),
        ("$at", Sql.Micros(message.CreatedAt)));

    private void JoinParts(string id)
    {
        Sql.Run(
            Connection,
            """
            UPDATE answer SET
              text = text || coalesce((SELECT group_concat(text, '' ORDER BY seq) FROM part WHERE answer = $id), ''),
              thinking = nullif(coalesce(thinking, '') || coalesce((SELECT group_concat(thinking, '' ORDER BY seq) FROM part WHERE answer = $id), ''), '')
            WHERE id = $id
            """,
            ("$id", id));
        Sql.Run(Connection, "DELETE FROM part WHERE answer = $id", ("$id", id));
    }

    private void TrimLoneAnswers(string visitor)
    {
        var beyond = Sql.Texts(
            Connection,
            $"SELECT id FROM answer WHERE visitor = $visitor AND conversation IS NULL AND running = 0 ORDER BY started_us DESC LIMIT -1 OFFSET {ChatBounds.LoneAnswersPerVisitor - 1}",
            ("$visitor", visitor));
        beyond.ForEach(DeleteAnswer);
    }

    private void DeleteConversation(string id)
    {
        Sql.Texts(Connection, "SELECT id FROM answer WHERE conversation = $id", ("$id", id)).ForEach(DeleteAnswer);
        Sql.Run(Connection, "DELETE FROM message WHERE conversation = $id", ("$id", id));
        Sql.Run(Connection, "DELETE FROM conversation WHERE id = $id", ("$id", id));
    }

    private void DeleteAnswer(string id)
    {
        Sql.Run(Connection, "DELETE FROM frame WHERE answer = $id", ("$id", id));
        Sql.Run(Connection, "DELETE FROM part WHERE answer = $id", ("$id", id));
        Sql.Run(Connection, "DELETE FROM answer WHERE id = $id", ("$id", id));
    }
}

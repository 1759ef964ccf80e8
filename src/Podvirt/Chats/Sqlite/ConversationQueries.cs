using System.Text.Json;
using Microsoft.Data.Sqlite;
using Podvirt.Api;

namespace Podvirt.Chats.Sqlite;

/// <summary>The reads of <c>conversations.db</c>.</summary>
internal static class ConversationQueries
{
    private const string Columns =
        "c.id, c.visitor, c.project, c.model, c.title, c.session_id, c.settings, c.leaf, c.created_us, c.updated_us, "
        + "EXISTS (SELECT 1 FROM answer a WHERE a.conversation = c.id AND a.running = 1)";

    private const string AnswerColumns = "a.id, a.visitor, a.project, a.model, a.conversation, a.facts, a.text, a.thinking";

    public static ConversationPage List(SqliteConnection connection, ConversationQuery query)
    {
        var found = Sql.Read(
            connection,
            $"""
            SELECT {Columns} FROM conversation c
            WHERE c.visitor = $visitor
              AND ($projects IS NULL OR c.project IN (SELECT value FROM json_each($projects)))
              AND ($model IS NULL OR c.model = $model)
              AND ($request IS NULL OR EXISTS (SELECT 1 FROM answer r WHERE r.conversation = c.id AND json_extract(r.facts, '$.request_id') = $request))
              AND ($before IS NULL OR (c.updated_us, c.id) < ($before, $before_id))
              AND ($search IS NULL OR c.title LIKE $search ESCAPE '\' OR EXISTS (
                SELECT 1 FROM message m LEFT JOIN answer n ON n.id = m.id
                WHERE m.conversation = c.id AND (m.content LIKE $search ESCAPE '\' OR n.text LIKE $search ESCAPE '\')))
            ORDER BY c.updated_us DESC, c.id DESC LIMIT $limit
            """,
            ReadConversation,
            ("$visitor", query.Visitor), ("$projects", query.Projects is null ? null : JsonSerializer.Serialize(query.Projects)), ("$model", query.Model),
            ("$before", query.Before?.UpdatedUs), ("$before_id", query.Before?.Id), ("$search", query.Search is null ? null : Pattern(query.Search)),
            ("$request", query.Request), ("$limit", query.Limit + 1));
        if (found.Count <= query.Limit)
        {
            return new ConversationPage(found, null);
        }
        found.RemoveAt(query.Limit);
        return new ConversationPage(found, new ConversationPlace(Sql.Micros(found[^1].UpdatedAt), found[^1].Id));
    }

    public static ConversationTree? Find(SqliteConnection connection, string visitor, string id)
    {
        // Both reads of one moment.
        using var transaction = connection.BeginTransaction(deferred: true);
        var conversation = Sql.Read(
            connection, $"SELECT {Columns} FROM conversation c WHERE c.id = $id AND c.visitor = $visitor", ReadConversation,
            ("$id", id), ("$visitor", visitor)).FirstOrDefault();
        if (conversation is null)
        {
            return null;
        }
        var messages = Sql.Read(
            connection,
            $"""
            SELECT m.id, m.parent, m.role, m.content, m.created_us, {AnswerColumns}
            FROM message m LEFT JOIN answer a ON a.id = m.id WHERE m.conversation = $id ORDER BY m.seq
            """,
            static row => new Message(
                row.GetString(0), TextOrNull(row, 1), row.GetString(2), row.GetString(3), Sql.Time(row.GetInt64(4)), row.IsDBNull(5) ? null : ReadAnswer(row, 5)),
            ("$id", id));
        return new ConversationTree(conversation, messages);
    }

    public static StoredAnswer? FindAnswer(SqliteConnection connection, string visitor, string id) => Sql.Read(
        connection, $"SELECT {AnswerColumns} FROM answer a WHERE a.id = $id AND a.visitor = $visitor", static row => ReadAnswer(row, 0),
        ("$id", id), ("$visitor", visitor)).FirstOrDefault();

    public static int? Retention(SqliteConnection connection, string visitor) =>
        Sql.Read(connection, "SELECT days FROM retention WHERE visitor = $visitor", static row => (int?)row.GetInt32(0), ("$visitor", visitor)).FirstOrDefault();

    public static FramePage? Frames(SqliteConnection connection, string visitor, string id, long after)
    {
        using var transaction = connection.BeginTransaction(deferred: true);
        var head = Sql.Read(
            connection, "SELECT request_headers, request_body, response_head, frames_truncated FROM answer WHERE id = $id AND visitor = $visitor",
            static row => new FramePage(
                TextOrNull(row, 0), row.IsDBNull(1) ? null : row.GetFieldValue<byte[]>(1), TextOrNull(row, 2), [], null, row.GetInt64(3) == 1),
            ("$id", id), ("$visitor", visitor)).FirstOrDefault();
        if (head is null)
        {
            return null;
        }
        var (frames, next) = FramePages.Cut(Blocks(connection, id, after), after);
        return head with { Frames = frames, Next = next };
    }

    // One by one, as far as the page reads.
    private static IEnumerable<FrameBlock> Blocks(SqliteConnection connection, string id, long after)
    {
        while (Sql.Read(
            connection, "SELECT first, count, packed FROM frame WHERE answer = $id AND first + count - 1 > $after ORDER BY first LIMIT 1",
            static row => new FrameBlock(row.GetInt64(0), row.GetInt32(1), row.GetFieldValue<byte[]>(2)),
            ("$id", id), ("$after", after)).FirstOrDefault() is { } block)
        {
            yield return block;
            after = block.First + block.Count - 1;
        }
    }

    private static Conversation ReadConversation(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        Visitor = row.GetString(1),
        Project = row.GetString(2),
        Model = row.GetString(3),
        Title = row.GetString(4),
        SessionId = row.GetString(5),
        Settings = JsonSerializer.Deserialize<ChatSettings>(row.GetString(6), ApiJson.Options)!,
        Leaf = TextOrNull(row, 7),
        CreatedAt = Sql.Time(row.GetInt64(8)),
        UpdatedAt = Sql.Time(row.GetInt64(9)),
        Running = row.GetBoolean(10),
    };

    private static StoredAnswer ReadAnswer(SqliteDataReader row, int at) => new(
        new AnswerIdentity(row.GetString(at), row.GetString(at + 1), row.GetString(at + 2), row.GetString(at + 3), TextOrNull(row, at + 4)),
        JsonSerializer.Deserialize<AnswerFacts>(row.GetString(at + 5), ApiJson.Options)!, row.GetString(at + 6), TextOrNull(row, at + 7));

    private static string? TextOrNull(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static string Pattern(string search) =>
        $"%{search.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
}

using Podvirt.Chats.Sqlite;

namespace Podvirt.Chats.StateStore;

/// <summary>Puts conversations together from what the state store has of them.</summary>
internal sealed class ConversationSearch(SharedConversations conversations, SharedAnswers answers)
{
    public async Task<ConversationTree?> FindAsync(string visitor, string id, CancellationToken cancellationToken)
    {
        if (await conversations.FindAsync(visitor, id, cancellationToken) is not { } head)
        {
            return null;
        }
        var questions = await conversations.QuestionsAsync(id, cancellationToken);
        var texts = await answers.ReadAsync(head.Messages.Where(m => m.IsAnswer).Select(m => m.Id), cancellationToken);
        var settings = await conversations.SettingsAsync(head, cancellationToken);
        List<Message> messages =
        [
            .. head.Messages.Select(m => m.IsAnswer
                ? new Message(m.Id, m.Parent, Message.Assistant, "", m.CreatedAt, texts.GetValueOrDefault(m.Id))
                : new Message(m.Id, m.Parent, Message.User, questions.GetValueOrDefault(m.Id, ""), m.CreatedAt, null)),
        ];
        var isWhole = messages.All(m => m.Role == Message.Assistant ? m.Answer is not null : questions.ContainsKey(m.Id));
        // It may have been deleted while it was read.
        return isWhole || await conversations.FindAsync(visitor, id, cancellationToken) is not null
            ? new ConversationTree(head.ToConversation(visitor, settings), messages)
            : null;
    }

    /// <summary>Looks into messages only as far as the page needs: a search that finds nothing reads them all.</summary>
    public async Task<ConversationPage> ListAsync(ConversationQuery query, CancellationToken cancellationToken)
    {
        var ofRequest = query.Request is { } request ? await conversations.ByRequestAsync(query.Visitor, request, cancellationToken) : null;
        var chosen = (await conversations.ListAsync(query.Visitor, cancellationToken))
            .Where(h => (query.Projects is null || query.Projects.Contains(h.Project, StringComparer.Ordinal))
                && (query.Model is null || h.Model == query.Model) && (query.Request is null || h.Id == ofRequest))
            .Select(h => (Head: h, Place: new ConversationPlace(Sql.Micros(h.UpdatedAt), h.Id)))
            .Where(c => query.Before is not { } before || Compare(c.Place, before) < 0)
            .OrderByDescending(c => c.Place, Comparer<ConversationPlace>.Create(Compare));
        var page = new List<Conversation>();
        ConversationPlace? last = null;
        foreach (var (head, place) in chosen)
        {
            if (query.Search is { } search && !await ContainsAsync(query.Visitor, head, search, cancellationToken))
            {
                continue;
            }
            if (page.Count == query.Limit)
            {
                return new ConversationPage(page, last);
            }
            page.Add(head.ToConversation(query.Visitor, await conversations.SettingsAsync(head, cancellationToken)));
            last = place;
        }
        return new ConversationPage(page, null);
    }

    private async Task<bool> ContainsAsync(string visitor, ConversationHead head, string search, CancellationToken cancellationToken)
    {
        var folded = Fold(search);
        return IsIn(head.Title)
            || (await FindAsync(visitor, head.Id, cancellationToken) is { } tree && tree.Messages.Any(m => IsIn(m.Content) || IsIn(m.Answer?.Text ?? "")));

        bool IsIn(string text) => Fold(text).Contains(folded, StringComparison.Ordinal);
    }

    // Within ASCII, as the embedded store's search.
    private static string Fold(string text) => string.Create(text.Length, text, static (folded, text) =>
    {
        for (var at = 0; at < folded.Length; at++)
        {
            folded[at] = char.IsAsciiLetterUpper(text[at]) ? (char)(text[at] | 0x20) : text[at];
        }
    });

    private static int Compare(ConversationPlace a, ConversationPlace b) =>
        a.UpdatedUs != b.UpdatedUs ? a.UpdatedUs.CompareTo(b.UpdatedUs) : string.CompareOrdinal(a.Id, b.Id);
}

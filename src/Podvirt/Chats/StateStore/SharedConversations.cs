using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Podvirt.Messaging;

namespace Podvirt.Chats.StateStore;

/// <summary>Heads, questions and settings of conversations in the state store.</summary>
internal sealed class SharedConversations(IStateStore store, StateBlobs blobs)
{
    /// <summary>Characters of a system prompt up to which settings stand in the head.</summary>
    private const int InlineSystemChars = 2_000;

    public async Task<IReadOnlyList<ConversationHead>> ListAsync(string visitor, CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(ChatKeys.Heads(visitor), cancellationToken)).Select(e => e.Read<ConversationHead>())];

    public async Task<int> CountAsync(string visitor, CancellationToken cancellationToken) =>
        (await store.ListAsync(ChatKeys.Heads(visitor), cancellationToken)).Count;

    public async Task<ConversationHead?> FindAsync(string visitor, string id, CancellationToken cancellationToken) =>
        ChatKeys.IsId(id) ? (await store.GetAsync(ChatKeys.Head(visitor, id), cancellationToken))?.Read<ConversationHead>() : null;

    public async Task AddAsync(Conversation conversation, CancellationToken cancellationToken)
    {
        var head = new ConversationHead
        {
            Id = conversation.Id,
            Project = conversation.Project,
            Model = conversation.Model,
            Title = conversation.Title,
            SessionId = conversation.SessionId,
            CreatedAt = conversation.CreatedAt,
            UpdatedAt = conversation.UpdatedAt,
        };
        head = await WithSettingsAsync(head, conversation.Settings, cancellationToken);
        await store.PutAsync(ChatKeys.Head(conversation.Visitor, head.Id), StateJson.ToBytes(head), cancellationToken);
    }

    /// <summary>Changes a head, over exactly what was read. Null: there is none.</summary>
    /// <param name="change">Pure. Null: nothing is to be changed.</param>
    public async Task<ConversationHead?> ChangeAsync(
        string visitor, string id, Func<ConversationHead, ConversationHead?> change, CancellationToken cancellationToken)
    {
        while (ChatKeys.IsId(id) && await store.GetAsync(ChatKeys.Head(visitor, id), cancellationToken) is { } entry)
        {
            var head = entry.Read<ConversationHead>();
            if (change(head) is not { } changed)
            {
                return head;
            }
            if (await store.UpdateAsync(entry.Key, StateJson.ToBytes(changed), entry.Revision, cancellationToken) is not null)
            {
                return changed;
            }
        }
        return null;
    }

    public Task AddQuestionAsync(string conversation, Message question, CancellationToken cancellationToken) =>
        blobs.WriteAsync(ChatKeys.Question(conversation, question.Id), Encoding.UTF8.GetBytes(question.Content), cancellationToken);

    public Task RemoveQuestionAsync(string conversation, string message, CancellationToken cancellationToken) =>
        blobs.RemoveAsync(ChatKeys.Question(conversation, message) + "/", cancellationToken);

    /// <summary>By their messages' ids.</summary>
    public async Task<IReadOnlyDictionary<string, string>> QuestionsAsync(string conversation, CancellationToken cancellationToken) =>
        (await blobs.ListAsync(ChatKeys.Questions(conversation), cancellationToken)).ToDictionary(
            q => q.Key[(q.Key.LastIndexOf('/') + 1)..], q => StateBlobs.Text(q.Value), StringComparer.Ordinal);

    public async Task<ChatSettings> SettingsAsync(ConversationHead head, CancellationToken cancellationToken) =>
        head is { SettingsKey: { } key } && await blobs.ReadAsync(key, cancellationToken) is { } bytes
            ? JsonSerializer.Deserialize<ChatSettings>(bytes, StateJson.Options)!
            : head.Settings ?? ChatSettings.Default;

    /// <summary>The head with other settings, which are written first where they are long.</summary>
    public async Task<ConversationHead> WithSettingsAsync(ConversationHead head, ChatSettings settings, CancellationToken cancellationToken)
    {
        if ((settings.System?.Length ?? 0) <= InlineSystemChars)
        {
            return head with { Settings = settings, SettingsKey = null };
        }
        var key = ChatKeys.Settings(head.Id) + RandomNumberGenerator.GetHexString(32, lowercase: true);
        await blobs.WriteAsync(key, JsonSerializer.SerializeToUtf8Bytes(settings, StateJson.Options), cancellationToken);
        return head with { Settings = null, SettingsKey = key };
    }

    public Task RemoveSettingsAsync(string key, CancellationToken cancellationToken) => blobs.RemoveAsync(key + "/", cancellationToken);

    /// <summary>From then on it is not there. What is left of it is written down first, and given back. Null: it was not there.</summary>
    public async Task<ConversationRemoval?> TryRemoveHeadAsync(string visitor, string id, Func<ConversationHead, bool> choose, CancellationToken cancellationToken)
    {
        while (ChatKeys.IsId(id) && await store.GetAsync(ChatKeys.Head(visitor, id), cancellationToken) is { } entry)
        {
            var head = entry.Read<ConversationHead>();
            if (!choose(head))
            {
                return null;
            }
            var removal = new ConversationRemoval([.. head.Messages.Where(m => m.IsAnswer).Select(m => m.Id)]);
            await store.PutAsync(ChatKeys.Removal(id), StateJson.ToBytes(removal), StateDurability.Process, cancellationToken);
            if (await store.DeleteAsync(entry.Key, entry.Revision, cancellationToken))
            {
                return removal;
            }
        }
        return null;
    }

    /// <summary>Removals that were cut off.</summary>
    public async Task<IReadOnlyList<(string Conversation, ConversationRemoval Removal)>> ListRemovalsAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(ChatKeys.Removals, cancellationToken)).Select(e => (e.Key[ChatKeys.Removals.Length..], e.Read<ConversationRemoval>()))];

    /// <summary>All but its answers.</summary>
    public async Task RemoveRestAsync(string conversation, CancellationToken cancellationToken)
    {
        await blobs.RemoveAsync(ChatKeys.Questions(conversation), cancellationToken);
        await blobs.RemoveAsync(ChatKeys.Settings(conversation), cancellationToken);
        await store.DeleteAsync(ChatKeys.Removal(conversation), revision: null, StateDurability.Process, cancellationToken);
    }

    public async Task<int?> RetentionAsync(string visitor, CancellationToken cancellationToken) =>
        (await store.GetAsync(ChatKeys.Retention(visitor), cancellationToken))?.Read<SharedRetention>().Days;

    public async Task SetRetentionAsync(string visitor, int? days, CancellationToken cancellationToken)
    {
        if (days is { } some)
        {
            await store.PutAsync(ChatKeys.Retention(visitor), StateJson.ToBytes(new SharedRetention(some)), cancellationToken);
        }
        else
        {
            await store.DeleteAsync(ChatKeys.Retention(visitor), cancellationToken: cancellationToken);
        }
    }

    public async Task<IReadOnlyList<(string Visitor, int Days)>> ListRetentionsAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(ChatKeys.Retentions, cancellationToken)).Select(e => (e.Key[ChatKeys.Retentions.Length..], e.Read<SharedRetention>().Days))];

    /// <summary>The conversation with the answer to a request.</summary>
    public async Task<string?> ByRequestAsync(string visitor, string request, CancellationToken cancellationToken) =>
        await store.GetAsync(ChatKeys.ByRequest(visitor, request), cancellationToken) is { } entry ? Encoding.ASCII.GetString(entry.Value.Span) : null;
}

using System.Text;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;

namespace Podvirt.Chats.StateStore;

/// <summary>
/// The chats of all gateways, in their one state store. A conversation's head says what belongs to it, and is changed by
/// compare-and-set: two questions at a time through two gateways are one question and one refusal, as through one.
/// </summary>
internal sealed class SharedConversationStore : IConversationStore
{
    private readonly SharedConversations _conversations;
    private readonly SharedAnswers _answers;
    private readonly ConversationSearch _search;
    private readonly SharedSweep _sweep;
    private readonly IStateStore _store;
    private readonly int _conversationsMax;
    private readonly int _loneAnswersMax;

    public SharedConversationStore(
        IStateStore store, ILeases leases, IOwners owners, SharedAnswers answers, StateBlobs blobs, int conversationsMax = ChatBounds.ConversationsPerVisitor,
        int loneAnswersMax = ChatBounds.LoneAnswersPerVisitor)
    {
        _store = store;
        _conversations = new SharedConversations(store, blobs);
        _answers = answers;
        _search = new ConversationSearch(_conversations, answers);
        _sweep = new SharedSweep(store, leases, owners, _conversations, answers);
        _conversationsMax = conversationsMax;
        _loneAnswersMax = loneAnswersMax;
    }

    /// <summary>Whoever watches through another gateway sees it that much later.</summary>
    public TimeSpan SaveInterval { get; } = TimeSpan.FromMilliseconds(150);

    public async Task<bool> CreateAsync(Conversation conversation, CancellationToken cancellationToken)
    {
        if (await _conversations.CountAsync(conversation.Visitor, cancellationToken) >= _conversationsMax)
        {
            return false;
        }
        await _conversations.AddAsync(conversation, cancellationToken);
        return true;
    }

    public Task<ConversationPage> ListAsync(ConversationQuery query, CancellationToken cancellationToken) => _search.ListAsync(query, cancellationToken);

    public Task<ConversationTree?> FindAsync(string visitor, string id, CancellationToken cancellationToken) => _search.FindAsync(visitor, id, cancellationToken);

    public async Task<bool> ChangeAsync(
        string visitor, string id, string? title, ChatSettings? settings, string? leaf, CancellationToken cancellationToken)
    {
        if (await _conversations.FindAsync(visitor, id, cancellationToken) is not { } found)
        {
            return false;
        }
        var told = settings is null ? null : await _conversations.WithSettingsAsync(found, settings, cancellationToken);
        string? replaced = null;
        var isDone = false;
        await _conversations.ChangeAsync(
            visitor, id,
            head =>
            {
                isDone = leaf is null || head.Messages.Any(m => m.Id == leaf);
                replaced = told is null ? null : head.SettingsKey;
                return !isDone ? null : head with
                {
                    Title = title ?? head.Title,
                    Leaf = leaf ?? head.Leaf,
                    Settings = told is null ? head.Settings : told.Settings,
                    SettingsKey = told is null ? head.SettingsKey : told.SettingsKey,
                };
            },
            cancellationToken);
        if ((isDone ? replaced : told?.SettingsKey) is { } unused)
        {
            await _conversations.RemoveSettingsAsync(unused, cancellationToken);
        }
        return isDone;
    }

    public async Task<int> DeleteAsync(string visitor, string? id, CancellationToken cancellationToken)
    {
        var chosen = id is not null ? [id] : (await _conversations.ListAsync(visitor, cancellationToken)).Select(h => h.Id);
        var removed = 0;
        foreach (var conversation in chosen)
        {
            removed += await _sweep.RemoveAsync(visitor, conversation, static _ => true, cancellationToken) ? 1 : 0;
        }
        return removed;
    }

    public async Task<int> ForgetAsync(string visitor, CancellationToken cancellationToken)
    {
        var conversations = await DeleteAsync(visitor, id: null, cancellationToken);
        foreach (var lone in await _store.ListAsync(ChatKeys.LoneOf(visitor), cancellationToken))
        {
            await _answers.RemoveAsync(lone.Read<AnswerIdentity>().Id, cancellationToken);
        }
        await _conversations.SetRetentionAsync(visitor, days: null, cancellationToken);
        return conversations;
    }

    public Task<int?> RetentionAsync(string visitor, CancellationToken cancellationToken) => _conversations.RetentionAsync(visitor, cancellationToken);

    public Task SetRetentionAsync(string visitor, int? days, CancellationToken cancellationToken) =>
        _conversations.SetRetentionAsync(visitor, days, cancellationToken);

    public async Task<BeginOutcome> BeginAsync(NewAnswer answer, CancellationToken cancellationToken)
    {
        if (answer.Identity.Conversation is not { } conversation)
        {
            await TrimLoneAsync(answer.Identity.Visitor, cancellationToken);
            await _answers.AddAsync(answer, cancellationToken);
            return BeginOutcome.Begun;
        }
        await _answers.AddAsync(answer, cancellationToken);
        if (answer.Question is { } question)
        {
            await _conversations.AddQuestionAsync(conversation, question, cancellationToken);
        }
        // What stands now belongs to nothing. A kill before the next line leaves it to those that end what a dead owner ran.
        var outcome = await JoinAsync(answer, conversation, cancellationToken);
        if (outcome != BeginOutcome.Begun)
        {
            await _sweep.RemoveUnjoinedAsync(answer, cancellationToken);
        }
        return outcome;
    }

    public async Task<SaveOutcome> SaveAsync(AnswerProgress progress, CancellationToken cancellationToken)
    {
        if (await _answers.SaveAsync(progress, cancellationToken) is not { } saved)
        {
            return SaveOutcome.Gone;
        }
        if (!saved.Facts.IsRunning)
        {
            await _sweep.ReleaseAsync(saved, cancellationToken);
        }
        if (saved.IsOver)
        {
            await _answers.ForgetRunAsync(saved.Owner!, progress.Id, cancellationToken);
        }
        return saved is { IsStopWanted: true, Facts.IsRunning: true } ? SaveOutcome.StopWanted : SaveOutcome.Saved;
    }

    public async Task<StoredAnswer?> FindAnswerAsync(string visitor, string id, CancellationToken cancellationToken) =>
        await _answers.ReadAsync(id, cancellationToken) is { } answer && answer.Identity.Visitor == visitor ? answer : null;

    public async Task<FramePage?> FramesAsync(string visitor, string id, long after, CancellationToken cancellationToken) =>
        await _answers.FindAsync(id, cancellationToken) is var (answer, _) && answer.Identity.Visitor == visitor
            ? await _answers.FramesAsync(id, after, cancellationToken)
            : null;

    public Task<int> InterruptAsync(DateTimeOffset framesUntil, CancellationToken cancellationToken) => _sweep.InterruptAsync(framesUntil, cancellationToken);

    public Task<SweepCounts> SweepAsync(DateTimeOffset now, CancellationToken cancellationToken) => _sweep.SweepAsync(now, cancellationToken);

    private async Task<BeginOutcome> JoinAsync(NewAnswer answer, string conversation, CancellationToken cancellationToken)
    {
        var visitor = answer.Identity.Visitor;
        while (true)
        {
            if (await _conversations.FindAsync(visitor, conversation, cancellationToken) is not { } found)
            {
                return BeginOutcome.Gone;
            }
            if (found.Running is { } other && await _answers.FindAsync(other, cancellationToken) is ({ Facts.IsRunning: true }, _))
            {
                return BeginOutcome.Running;
            }
            if (found.Messages.Count + 2 > ChatBounds.MessagesPerConversation || found.Bytes > ChatBounds.ConversationBytes)
            {
                return BeginOutcome.Full;
            }
            // Over that one: what runs was looked at, so nothing else may have begun since.
            var changed = await _conversations.ChangeAsync(
                visitor, conversation, head => head.Running == found.Running && head.Messages.Count == found.Messages.Count ? Joined(head, answer) : null, cancellationToken);
            if (changed?.Running == answer.Identity.Id)
            {
                return BeginOutcome.Begun;
            }
        }
    }

    private static ConversationHead Joined(ConversationHead head, NewAnswer answer)
    {
        var at = answer.Facts.StartedAt;
        var question = answer.Question;
        List<MessageStub> added = question is null ? [] : [new MessageStub(question.Id, question.Parent, IsAnswer: false, question.CreatedAt)];
        return head with
        {
            Messages = [.. head.Messages, .. added, new MessageStub(answer.Identity.Id, answer.Parent, IsAnswer: true, at)],
            Leaf = answer.Identity.Id,
            Running = answer.Identity.Id,
            UpdatedAt = head.UpdatedAt > at ? head.UpdatedAt : at,
            Title = head.Title.Length == 0 ? answer.Title ?? "" : head.Title,
            Bytes = head.Bytes + Encoding.UTF8.GetByteCount(question?.Content ?? ""),
        };
    }

    private async Task TrimLoneAsync(string visitor, CancellationToken cancellationToken)
    {
        var all = await _store.ListAsync(ChatKeys.LoneOf(visitor), cancellationToken);
        foreach (var entry in all.Take(all.Count - _loneAnswersMax + 1))
        {
            var id = entry.Read<AnswerIdentity>().Id;
            if (await _answers.FindAsync(id, cancellationToken) is not ({ Facts.IsRunning: true }, _))
            {
                await _answers.RemoveAsync(id, cancellationToken);
            }
        }
    }
}

using System.Text;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;

namespace Podvirt.Chats.StateStore;

/// <summary>Answers in the state store: begun and written by their owner, ended by anybody once that one is gone.</summary>
internal sealed class SharedAnswers(IStateStore store, IOwners owners, StateBlobs blobs)
{
    /// <summary>Reads that are under way at the same time for one caller.</summary>
    private const int ReadsMax = 16;

    public async Task<(SharedAnswer Answer, long Revision)?> FindAsync(string id, CancellationToken cancellationToken) =>
        ChatKeys.IsId(id) && await store.GetAsync(ChatKeys.Answer(id), cancellationToken) is { } entry ? (entry.Read<SharedAnswer>(), entry.Revision) : null;

    /// <summary>With all of its text. Read again where its owner rewrote it meanwhile.</summary>
    public async Task<StoredAnswer?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        for (long? tried = null; await FindAsync(id, cancellationToken) is var (answer, revision); tried = revision)
        {
            var (text, thinking, isWhole) = await TextsAsync(answer, cancellationToken);
            if (isWhole || tried == revision)
            {
                return new StoredAnswer(answer.Identity, answer.Facts, text, thinking.Length > 0 ? thinking : null);
            }
        }
        return null;
    }

    /// <summary>By their ids; what is not there is left out.</summary>
    public async Task<IReadOnlyDictionary<string, StoredAnswer>> ReadAsync(IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, StoredAnswer>(StringComparer.Ordinal);
        foreach (var some in ids.Chunk(ReadsMax))
        {
            foreach (var answer in await Task.WhenAll(some.Select(id => ReadAsync(id, cancellationToken))))
            {
                if (answer is not null)
                {
                    found.Add(answer.Identity.Id, answer);
                }
            }
        }
        return found;
    }

    /// <summary>Writes it down as this process's. Nothing refers to it yet.</summary>
    public async Task AddAsync(NewAnswer answer, CancellationToken cancellationToken)
    {
        var id = answer.Identity.Id;
        // First: whatever is left of it after a death is found by this.
        await store.PutAsync(ChatKeys.RunningOf(owners.Id, id), StateJson.ToBytes(answer.Identity), StateDurability.Process, cancellationToken);
        await blobs.WriteAsync(ChatKeys.Request(id), answer.RequestBody, cancellationToken);
        if (answer.Identity.Conversation is null)
        {
            await store.PutAsync(LoneKey(answer.Identity, answer.Facts), StateJson.ToBytes(answer.Identity), StateDurability.Process, cancellationToken);
        }
        var record = new SharedAnswer { Identity = answer.Identity, Owner = owners.Id, Facts = answer.Facts, RequestHeaders = answer.RequestHeaders };
        await store.PutAsync(
            ChatKeys.Answer(id), StateJson.ToBytes(record), answer.Identity.Conversation is null ? StateDurability.Machine : StateDurability.Process, cancellationToken);
    }

    /// <summary>1. What the record is to refer to. 2. The record, over what was read; from the beginning where another write came first. 3. What it refers to no more.</summary>
    /// <returns>The record as it is then; null: it is not this process's any more.</returns>
    public async Task<SharedAnswer?> SaveAsync(AnswerProgress progress, CancellationToken cancellationToken)
    {
        while (await FindAsync(progress.Id, cancellationToken) is var (before, revision) && before.Owner == owners.Id)
        {
            var (after, parts) = Advance(before, progress);
            if (after == before && progress.Frames is null)
            {
                return before;
            }
            foreach (var (key, text) in parts)
            {
                await store.PutAsync(key, Encoding.UTF8.GetBytes(text), StateDurability.Process, cancellationToken);
            }
            if (progress.Frames is { } frames)
            {
                await blobs.WriteAsync(ChatKeys.Frame(progress.Id, frames.First), FrameBytes(frames), cancellationToken);
            }
            await IndexAsync(before, after, cancellationToken);
            var durability = after.Facts.IsRunning ? StateDurability.Process : StateDurability.Machine;
            if (await store.UpdateAsync(ChatKeys.Answer(progress.Id), StateJson.ToBytes(after), revision, durability, cancellationToken) is null)
            {
                continue;
            }
            if (after.Edition != before.Edition)
            {
                await blobs.RemoveAsync(ChatKeys.Texts(progress.Id, before.Edition), cancellationToken);
            }
            return after;
        }
        if (await FindAsync(progress.Id, cancellationToken) is null)
        {
            // What was just written for it found no record any more.
            await RemoveTracesAsync(progress.Id, cancellationToken);
            await blobs.RemoveAsync(ChatKeys.Texts(progress.Id), cancellationToken);
        }
        return null;
    }

    /// <summary>Changes a record; null: it is not there.</summary>
    /// <param name="change">Pure. Null: nothing is to be changed.</param>
    public async Task<SharedAnswer?> ChangeAsync(string id, Func<SharedAnswer, SharedAnswer?> change, CancellationToken cancellationToken)
    {
        while (await FindAsync(id, cancellationToken) is var (before, revision))
        {
            if (change(before) is not { } after)
            {
                return before;
            }
            await IndexAsync(before, after, cancellationToken);
            if (await store.UpdateAsync(ChatKeys.Answer(id), StateJson.ToBytes(after), revision, StateDurability.Machine, cancellationToken) is not null)
            {
                return after;
            }
        }
        return null;
    }

    /// <summary>Nothing runs of it any more, wherever.</summary>
    public async Task ForgetRunAsync(string owner, string id, CancellationToken cancellationToken) =>
        await store.DeleteAsync(ChatKeys.RunningOf(owner, id), revision: null, StateDurability.Process, cancellationToken);

    /// <summary>The record first: from then on it is not there, and its owner writes no more of it.</summary>
    public async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is var (answer, _))
        {
            if (answer is { Facts.RequestId: { } request, Identity.Conversation: not null })
            {
                await store.DeleteAsync(ChatKeys.ByRequest(answer.Identity.Visitor, request), revision: null, StateDurability.Process, cancellationToken);
            }
            if (answer.Identity.Conversation is null)
            {
                await store.DeleteAsync(LoneKey(answer.Identity, answer.Facts), revision: null, StateDurability.Process, cancellationToken);
            }
            await store.DeleteAsync(ChatKeys.Answer(id), revision: null, StateDurability.Machine, cancellationToken);
        }
        await RemoveTracesAsync(id, cancellationToken);
        await blobs.RemoveAsync(ChatKeys.Texts(id), cancellationToken);
    }

    /// <summary>The exact bytes.</summary>
    public async Task RemoveTracesAsync(string id, CancellationToken cancellationToken)
    {
        await blobs.RemoveAsync(ChatKeys.Frames(id), cancellationToken);
        await blobs.RemoveAsync(ChatKeys.Request(id) + "/", cancellationToken);
    }

    /// <summary>The thinking's parts, which no record refers to any more.</summary>
    public Task RemoveThinkingAsync(string id, int edition, CancellationToken cancellationToken) =>
        blobs.RemoveAsync(ChatKeys.Texts(id, edition) + LongText.ThinkingMark, cancellationToken);

    /// <summary>Those that run, by what is written down of them.</summary>
    public async Task<IReadOnlyList<(string Owner, AnswerIdentity Identity)>> ListRunningAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(ChatKeys.Running, cancellationToken)).Select(e => (e.Key.Split('/')[2], e.Read<AnswerIdentity>()))];

    public async Task<FramePage?> FramesAsync(string id, long after, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not var (answer, _))
        {
            return null;
        }
        var request = answer.RequestHeaders is null ? null : await blobs.ReadAsync(ChatKeys.Request(id), cancellationToken);
        var blocks = request is null ? new Dictionary<string, byte[]>() : await blobs.ListAsync(ChatKeys.Frames(id), cancellationToken);
        var (frames, next) = FramePages.Cut(blocks.OrderBy(b => b.Key, StringComparer.Ordinal).Select(b => ReadFrames(b.Key, b.Value)), after);
        return new FramePage(answer.RequestHeaders, request, answer.ResponseHead, frames, next, answer.FramesTruncated);
    }

    public static string LoneKey(AnswerIdentity identity, AnswerFacts facts) => ChatKeys.Lone(identity.Visitor, facts.StartedAt, identity.Id);

    // What finds the record stands before the record says so.
    private async Task IndexAsync(SharedAnswer before, SharedAnswer after, CancellationToken cancellationToken)
    {
        var identity = after.Identity;
        if (identity.Conversation is { } conversation && after.Facts.RequestId is { } request && request != before.Facts.RequestId)
        {
            await store.PutAsync(ChatKeys.ByRequest(identity.Visitor, request), Encoding.ASCII.GetBytes(conversation), StateDurability.Process, cancellationToken);
        }
        if (after.Facts.FramesUntil is { } until && until != before.Facts.FramesUntil)
        {
            await store.PutAsync(ChatKeys.End(until, identity.Id), Encoding.ASCII.GetBytes(identity.Id), StateDurability.Process, cancellationToken);
        }
    }

    private static (SharedAnswer After, IReadOnlyList<(string Key, string Text)> Parts) Advance(SharedAnswer before, AnswerProgress progress)
    {
        var edition = progress.Rewritten && before is not { Text.Bytes: 0, Thinking.Bytes: 0 } ? before.Edition + 1 : before.Edition;
        var isAnew = edition != before.Edition;
        var parts = new List<(string, string)>();
        var after = before with
        {
            Facts = progress.Facts,
            IsOver = before.IsOver || progress.IsOver,
            Edition = edition,
            Text = Grow(isAnew ? LongText.Empty : before.Text, LongText.AnswerMark, progress.Text),
            Thinking = Grow(isAnew ? LongText.Empty : before.Thinking, LongText.ThinkingMark, progress.Thinking),
            ResponseHead = progress.ResponseHead ?? before.ResponseHead,
            FramesTruncated = progress.FramesTruncated,
        };
        return (after, parts);

        LongText Grow(LongText text, char mark, string more) =>
            text.Append(more, (part, full) => parts.Add((LongText.KeyOf(progress.Id, edition, mark, part), full)));
    }

    // Not whole: some part of it is not there, as when the record was rewritten since it was read.
    private async Task<(string Text, string Thinking, bool IsWhole)> TextsAsync(SharedAnswer answer, CancellationToken cancellationToken)
    {
        if (answer is { Text.Parts: 0, Thinking.Parts: 0 })
        {
            return (answer.Text.Tail, answer.Thinking.Tail, true);
        }
        var parts = await store.ListAsync(ChatKeys.Texts(answer.Identity.Id, answer.Edition), cancellationToken);
        var isWhole = true;
        return (Join(answer.Text, LongText.AnswerMark), Join(answer.Thinking, LongText.ThinkingMark), isWhole);

        string Join(LongText text, char mark)
        {
            var own = parts.Where(p => p.Key[p.Key.LastIndexOf('/') + 1] == mark).Take(text.Parts).ToList();
            isWhole &= own.Count == text.Parts;
            return string.Concat(own.Select(p => Encoding.UTF8.GetString(p.Value.Span)).Append(text.Tail));
        }
    }

    private static byte[] FrameBytes(FrameBlock frames) => [.. BitConverter.GetBytes(frames.Count), .. frames.Packed];

    private static FrameBlock ReadFrames(string key, byte[] value) => new(
        long.Parse(key.AsSpan(key.LastIndexOf('/') + 1), System.Globalization.CultureInfo.InvariantCulture), BitConverter.ToInt32(value), value[sizeof(int)..]);
}

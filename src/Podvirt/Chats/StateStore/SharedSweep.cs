using System.Globalization;
using System.Text;
using Podvirt.Chats.Sqlite;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;

namespace Podvirt.Chats.StateStore;

/// <summary>
/// Ends what a dead gateway ran, and takes away what has had its time. Whichever gateway does it, and however often it is begun again,
/// it comes to the same.
/// </summary>
internal sealed class SharedSweep(IStateStore store, ILeases leases, IOwners owners, SharedConversations conversations, SharedAnswers answers)
{
    /// <summary>False: it was not there, or is not chosen.</summary>
    public async Task<bool> RemoveAsync(string visitor, string conversation, Func<ConversationHead, bool> choose, CancellationToken cancellationToken)
    {
        if (await conversations.TryRemoveHeadAsync(visitor, conversation, choose, cancellationToken) is not { } removal)
        {
            return false;
        }
        await RemoveAsync(conversation, removal, cancellationToken);
        return true;
    }

    /// <summary>An answer that found no place in its conversation.</summary>
    public async Task RemoveUnjoinedAsync(NewAnswer answer, CancellationToken cancellationToken)
    {
        await answers.RemoveAsync(answer.Identity.Id, cancellationToken);
        if (answer.Question is { } question)
        {
            await conversations.RemoveQuestionAsync(answer.Identity.Conversation!, question.Id, cancellationToken);
        }
        await answers.ForgetRunAsync(owners.Id, answer.Identity.Id, cancellationToken);
    }

    /// <summary>Its conversation takes the next question.</summary>
    public async Task ReleaseAsync(SharedAnswer answer, CancellationToken cancellationToken)
    {
        if (answer.Identity.Conversation is { } conversation)
        {
            await conversations.ChangeAsync(
                answer.Identity.Visitor, conversation,
                head => head.Running == answer.Identity.Id ? head with { Running = null, Bytes = head.Bytes + answer.Text.Bytes } : null, cancellationToken);
        }
    }

    public async Task<int> InterruptAsync(DateTimeOffset framesUntil, CancellationToken cancellationToken)
    {
        var running = await answers.ListRunningAsync(cancellationToken);
        if (running.Count == 0)
        {
            return 0;
        }
        // Behind the look at what runs: whoever began one of these has had its lease.
        var live = await owners.ListAsync(cancellationToken);
        var interrupted = 0;
        foreach (var (owner, identity) in running.Where(r => !live.Contains(r.Owner)))
        {
            interrupted += await InterruptAsync(owner, identity, framesUntil, cancellationToken) ? 1 : 0;
        }
        return interrupted;
    }

    public async Task<SweepCounts> SweepAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        // One gateway's work. Two at it, where the lease ends in between, do it twice.
        if (await leases.TryTakeAsync(ChatKeys.Sweep, Encoding.ASCII.GetBytes(owners.Id), cancellationToken) is not { } lease)
        {
            return new SweepCounts(0, 0);
        }
        try
        {
            foreach (var (conversation, removal) in await conversations.ListRemovalsAsync(cancellationToken))
            {
                await RemoveAsync(conversation, removal, cancellationToken);
            }
            return new SweepCounts(await SweepRetentionsAsync(now, cancellationToken), await SweepEndsAsync(now, cancellationToken));
        }
        finally
        {
            await leases.ReleaseAsync(lease, CancellationToken.None);
        }
    }

    private async Task RemoveAsync(string conversation, ConversationRemoval removal, CancellationToken cancellationToken)
    {
        foreach (var answer in removal.Answers)
        {
            await answers.RemoveAsync(answer, cancellationToken);
        }
        await conversations.RemoveRestAsync(conversation, cancellationToken);
    }

    private async Task<bool> InterruptAsync(string owner, AnswerIdentity identity, DateTimeOffset framesUntil, CancellationToken cancellationToken)
    {
        if (identity.Conversation is { } conversation
            && (await conversations.FindAsync(identity.Visitor, conversation, cancellationToken))?.Messages.Any(m => m.Id == identity.Id) != true)
        {
            // It never had its place, or has it no more.
            await answers.RemoveAsync(identity.Id, cancellationToken);
            await answers.ForgetRunAsync(owner, identity.Id, cancellationToken);
            return false;
        }
        var ran = false;
        var ended = await answers.ChangeAsync(
            identity.Id,
            answer =>
            {
                ran = answer.Facts.IsRunning && answer.Owner == owner;
                return answer.Owner != owner ? null : answer with
                {
                    Owner = null,
                    IsOver = true,
                    Facts = ran ? AnswerEnds.ServerDied(answer.Facts, framesUntil) : answer.Facts,
                };
            },
            cancellationToken);
        if (ended is not null)
        {
            await ReleaseAsync(ended, cancellationToken);
        }
        await answers.ForgetRunAsync(owner, identity.Id, cancellationToken);
        return ran && ended is not null;
    }

    private async Task<int> SweepRetentionsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var (visitor, days) in await conversations.ListRetentionsAsync(cancellationToken))
        {
            foreach (var head in (await conversations.ListAsync(visitor, cancellationToken)).Where(IsOld))
            {
                removed += await RemoveAsync(visitor, head.Id, IsOld, cancellationToken) ? 1 : 0;
            }

            bool IsOld(ConversationHead head) => head.Running is null && head.UpdatedAt < now.AddDays(-days);
        }
        return removed;
    }

    private async Task<int> SweepEndsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var swept = 0;
        foreach (var entry in await store.ListAsync(ChatKeys.Ends, cancellationToken))
        {
            var us = long.Parse(entry.Key.AsSpan(ChatKeys.Ends.Length, 20), CultureInfo.InvariantCulture);
            if (us > Sql.Micros(now))
            {
                break;
            }
            swept += await SweepAnswerAsync(Encoding.ASCII.GetString(entry.Value.Span), now, cancellationToken) ? 1 : 0;
            await store.DeleteAsync(entry.Key, revision: null, StateDurability.Process, cancellationToken);
        }
        return swept;
    }

    private async Task<bool> SweepAnswerAsync(string id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Another entry stands for an end that was moved.
        if (await answers.FindAsync(id, cancellationToken) is not var (answer, _) || answer.Facts.IsRunning || !(Sql.Micros(answer.Facts.FramesUntil) <= Sql.Micros(now)))
        {
            return false;
        }
        if (answer.Identity.Conversation is null)
        {
            await answers.RemoveAsync(id, cancellationToken);
            return true;
        }
        await answers.ChangeAsync(
            id, a => a with { Thinking = LongText.Empty, RequestHeaders = null, ResponseHead = null, Facts = a.Facts with { FramesUntil = null } }, cancellationToken);
        await answers.RemoveTracesAsync(id, cancellationToken);
        await answers.RemoveThinkingAsync(id, answer.Edition, cancellationToken);
        return true;
    }
}

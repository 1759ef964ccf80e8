using Podvirt.Members;

namespace Podvirt.Chats;

/// <summary>What becomes of a member's chats when they may chat no more: nobody watches them, and a project would pay.</summary>
internal sealed class VisitorChats(AnswerRuns runs, IAnswerPeers peers, IConversationStore store)
{
    /// <summary>Stops answers of a member who was disabled, or for projects that are no longer theirs.</summary>
    public async Task StopWhatIsNotAllowedAsync(Member member, CancellationToken cancellationToken)
    {
        runs.Stop(IsNotAllowed);
        await peers.StopAsync(IsNotAllowed, cancellationToken);

        bool IsNotAllowed(AnswerIdentity identity) => identity.Visitor == member.Id
            && (member.DisabledAt is not null || (!member.IsAdmin && !member.Projects.Contains(identity.Project, StringComparer.Ordinal)));
    }

    /// <summary>Stops all, and removes all conversations.</summary>
    public async Task ForgetAsync(string visitor, CancellationToken cancellationToken)
    {
        runs.Stop(identity => identity.Visitor == visitor);
        await store.ForgetAsync(visitor, cancellationToken);
    }
}

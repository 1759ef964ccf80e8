namespace Podvirt.Chats;

/// <summary>Answers that run in other gateways.</summary>
internal interface IAnswerPeers
{
    /// <summary>An answer as its gateway writes it down, as long as it is not over. Null: no other gateway has it.</summary>
    Task<PeerAnswer?> FollowAsync(StoredAnswer answer, CancellationToken cancellationToken);

    /// <summary>Has its gateway stop it.</summary>
    Task StopAsync(string id, CancellationToken cancellationToken);

    /// <summary>Has their gateways stop those that are chosen.</summary>
    Task StopAsync(Func<AnswerIdentity, bool> choose, CancellationToken cancellationToken);
}

/// <summary>One reader's hold on an answer of another gateway: the last one to leave ends the following.</summary>
internal sealed class PeerAnswer(AnswerState state, Func<ValueTask> leave) : IAsyncDisposable
{
    public AnswerState State => state;

    public ValueTask DisposeAsync() => leave();
}

/// <summary>There is no other gateway.</summary>
internal sealed class NoPeers : IAnswerPeers
{
    public Task<PeerAnswer?> FollowAsync(StoredAnswer answer, CancellationToken cancellationToken) => Task.FromResult<PeerAnswer?>(null);

    public Task StopAsync(string id, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(Func<AnswerIdentity, bool> choose, CancellationToken cancellationToken) => Task.CompletedTask;
}

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Configuration;
using Podvirt.Messaging;

namespace Podvirt.Chats.StateStore;

/// <summary>
/// Follows and stops answers of other gateways through the state store, and ends those whose gateway is gone: that is looked for as often
/// as a lease is renewed.
/// </summary>
internal sealed partial class SharedAnswerPeers(
    IStateStore store, SharedAnswers answers, IConversationStore conversations, ILeases leases, PodvirtConfig config, TimeProvider time,
    ILogger<SharedAnswerPeers> logger) : BackgroundService, IAnswerPeers
{
    private readonly Dictionary<string, Followed> _followed = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public async Task<PeerAnswer?> FollowAsync(StoredAnswer answer, CancellationToken cancellationToken)
    {
        var id = answer.Identity.Id;
        if (await answers.FindAsync(id, cancellationToken) is not ({ IsOver: false }, _))
        {
            return null;
        }
        Followed? followed;
        lock (_gate)
        {
            if (!_followed.TryGetValue(id, out followed))
            {
                followed = new Followed(store, new AnswerState(answer.Identity, answer.Facts), time, LogNotFollowed);
                _followed.Add(id, followed);
            }
            followed.Readers++;
        }
        var peer = new PeerAnswer(followed.State, () => LeaveAsync(id, followed));
        try
        {
            await followed.Begun.WaitAsync(cancellationToken);
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    public async Task StopAsync(string id, CancellationToken cancellationToken) => await answers.ChangeAsync(
        id, answer => answer.Facts.IsRunning && !answer.IsStopWanted ? answer with { IsStopWanted = true } : null, cancellationToken);

    public async Task StopAsync(Func<AnswerIdentity, bool> choose, CancellationToken cancellationToken)
    {
        foreach (var (_, identity) in (await answers.ListRunningAsync(cancellationToken)).Where(r => choose(r.Identity)))
        {
            await StopAsync(identity.Id, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(leases.Period / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await InterruptAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task InterruptAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (await conversations.InterruptAsync(time.GetUtcNow() + config.Console.FramesTime, stoppingToken) is > 0 and var count)
            {
                LogInterrupted(count);
            }
        }
        catch (IOException error)
        {
            LogNotInterrupted(error);
        }
    }

    private async ValueTask LeaveAsync(string id, Followed followed)
    {
        lock (_gate)
        {
            if (--followed.Readers > 0)
            {
                return;
            }
            _followed.Remove(id);
        }
        await followed.DisposeAsync();
    }

    [LoggerMessage(5140, LogLevel.Warning, "{Count} answers of the console ran in a gateway that is gone; they are interrupted")]
    private partial void LogInterrupted(int count);

    [LoggerMessage(5141, LogLevel.Warning, "Answers of gateways that are gone could not be looked for; it is tried again")]
    private partial void LogNotInterrupted(Exception error);

    [LoggerMessage(5142, LogLevel.Warning, "Answer {Id} of another gateway could not be followed; it is tried again")]
    private partial void LogNotFollowed(Exception error, string id);

    /// <summary>One answer, as its record tells. Ends with it, or with its last reader.</summary>
    private sealed class Followed : IAsyncDisposable
    {
        private readonly CancellationTokenSource _left = new();
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task _following;

        public Followed(IStateStore store, AnswerState state, TimeProvider time, Action<Exception, string> failed)
        {
            State = state;
            _following = FollowAsync(store, time, failed);
        }

        public AnswerState State { get; }

        /// <summary>Changed under the lock of whoever keeps it.</summary>
        public int Readers { get; set; }

        /// <summary>Completes when the state is that of the record, once.</summary>
        public Task Begun => _begun.Task;

        public async ValueTask DisposeAsync()
        {
            await _left.CancelAsync();
            await _following;
            _left.Dispose();
        }

        private async Task FollowAsync(IStateStore store, TimeProvider time, Action<Exception, string> failed)
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            var copy = new AnswerCopy(store, State);
            await store.FollowAsync(
                ChatKeys.Answer(State.Identity.Id),
                async change =>
                {
                    var isOver = await copy.TakeAsync(change, _left.Token);
                    _begun.TrySetResult();
                    if (isOver)
                    {
                        await _left.CancelAsync();
                    }
                },
                error => failed(error, State.Identity.Id), time, _left.Token);
        }
    }
}

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Members;
using Podvirt.Messaging;

namespace Podvirt.Access;

/// <summary>
/// Tells long answers when whoever reads them may do so no longer: signed out, disabled, removed, or with another role or other
/// projects than the answer was begun for; by whatever server that was changed. A page then asks again, with the rights it has.
/// </summary>
internal sealed partial class SessionWatch(IStateStore store, ConsoleSessions sessions, TimeProvider time, ILogger<SessionWatch> logger) : BackgroundService
{
    private readonly HashSet<Right> _rights = [];
    private readonly Lock _gate = new();

    /// <summary>Follows the visitor's right to what they see, from now until it is disposed.</summary>
    public async Task<Right> FollowAsync(Visitor visitor, CancellationToken cancellationToken)
    {
        var right = new Right(this, visitor, time);
        lock (_gate)
        {
            _rights.Add(right);
        }
        try
        {
            // What changed between the gate's look and now is seen by this look, what changes later by the watch.
            await CheckAsync(right, cancellationToken);
            return right;
        }
        catch
        {
            right.Dispose();
            throw;
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(WatchAsync(Member.StatePrefix, stoppingToken), WatchAsync(ConsoleSession.StatePrefix, stoppingToken));

    // A new watch begins with all there is, so no right outlives what it stood on.
    private Task WatchAsync(string prefix, CancellationToken stoppingToken) => store.FollowAsync(
        prefix,
        async change =>
        {
            foreach (var right in RightsOn(change))
            {
                await CheckAsync(right, stoppingToken);
            }
        },
        LogFailed, time, stoppingToken);

    private List<Right> RightsOn(StateChange change)
    {
        lock (_gate)
        {
            return change.IsCaughtUp ? [.. _rights] : [.. _rights.Where(r => r.DependsOn(change.Key))];
        }
    }

    private async Task CheckAsync(Right right, CancellationToken cancellationToken)
    {
        if (right.Visitor.Session is { } session && !right.IsStill(await sessions.ReadAsync(session.Key, cancellationToken)))
        {
            right.End();
        }
    }

    private void Forget(Right right)
    {
        lock (_gate)
        {
            _rights.Remove(right);
        }
    }

    [LoggerMessage(5031, LogLevel.Warning, "Changes of members and sessions could not be read; it is tried again")]
    private partial void LogFailed(Exception error);

    /// <summary>What one long answer stands on.</summary>
    internal sealed class Right : IDisposable
    {
        private readonly SessionWatch _watch;
        private readonly CancellationTokenSource _ended;

        public Right(SessionWatch watch, Visitor visitor, TimeProvider time)
        {
            _watch = watch;
            Visitor = visitor;
            // However many other calls prolong the session: the page that asks again is told so.
            _ended = visitor.Session is { } session
                ? new CancellationTokenSource(new TimeSpan(Math.Max(0, (session.Session.EndsAt - time.GetUtcNow()).Ticks)), time)
                : new CancellationTokenSource();
        }

        public Visitor Visitor { get; }

        /// <summary>Cancelled when the right is over.</summary>
        public CancellationToken Ended => _ended.Token;

        public bool DependsOn(string stateKey) => Visitor.Session is { } session && (session.Key == stateKey || session.Session.StateKey == stateKey);

        /// <summary>What did not change is the same still: a new name ends nothing.</summary>
        public bool IsStill(FoundSession? now) =>
            now is not null && Visitor.Of(now) is var visitor && visitor.Id == Visitor.Id && visitor.IsAdmin == Visitor.IsAdmin
            && (visitor.Projects ?? []).SequenceEqual(Visitor.Projects ?? [], StringComparer.Ordinal);

        public void End()
        {
            try
            {
                _ended.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The answer was over just before.
            }
        }

        public void Dispose()
        {
            _watch.Forget(this);
            _ended.Dispose();
        }
    }
}

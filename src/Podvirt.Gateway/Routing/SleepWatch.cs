using Microsoft.Extensions.Hosting;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Routing;

/// <summary>
/// While the gateway is detached, asks the engines of requests that wait for an answer's head whether they have fallen asleep: such a
/// request would hang until somebody wakes them. Asks those that sleep as well, until they are awake. Once attached again the routes
/// say all that.
/// </summary>
internal sealed class SleepWatch(Membership membership, RouteDirectory routes, GatewayOptions options, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <summary>One round over all replicas that it concerns.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var wasAttached = membership.DetachedAt is null;
        if (membership.Look())
        {
            if (!wasAttached)
            {
                routes.ForgetSleepers();
            }
            return;
        }
        await Task.WhenAll(routes.FindDoubtful().Select(doubt => LookAtAsync(doubt.Dispatcher, doubt.Replica, cancellationToken)));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await LookAsync(stoppingToken);
        }
    }

    private async Task LookAtAsync(ModelDispatcher dispatcher, ReplicaSlots replica, CancellationToken cancellationToken)
    {
        if (await AskAsync(replica, cancellationToken) is not { } isAsleep)
        {
            return;
        }
        if (isAsleep)
        {
            dispatcher.NoteAsleep(replica);
            replica.HeadWaits.CutAll(RelayEnd.EngineAsleep);
        }
        else
        {
            dispatcher.NoteAwake(replica);
        }
    }

    // Null: it does not say.
    private async Task<bool?> AskAsync(ReplicaSlots replica, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.ConnectTimeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        UpstreamConnection? connection = null;
        try
        {
            // Not one of the relay's: an idle one may be stale, and there are only so many.
            connection = await replica.Pool.RentAsync(fresh: true, ended.Token);
            await using var cut = ended.Token.UnsafeRegister(static connection => ((UpstreamConnection)connection!).Cut(), connection);
            return (await SleepQuestion.AskAsync(connection, replica.Pool, Guid.CreateVersion7(time.GetUtcNow()))).IsAsleep;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // An engine that does not answer is no sleeper; requests find out for themselves what it is.
            return null;
        }
        finally
        {
            if (connection is not null)
            {
                await connection.DisposeAsync();
            }
        }
    }
}

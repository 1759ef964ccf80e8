using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Routing;

/// <summary>
/// Holds this gateway's share of every replica's slots, where there are other gateways. Works beside the requests: on their way there is
/// no more than the comparison with the share. A gateway that is detached keeps what it has.
/// </summary>
internal sealed partial class SlotKeeper : BackgroundService
{
    // Looks at what nothing else has brought up: turns that are over, gateways that are gone.
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    // Claims on replicas that no table names any more are looked at after so many intervals.
    private const int SweepEvery = 10;

    // Another write came first: its claims are read and thought about anew.
    private const int TriesMax = 4;

    private const int WritersMax = 8;

    private readonly RouteDirectory _routes;
    private readonly Membership _membership;
    private readonly SlotClaimBook _book;
    private readonly TimeProvider _time;
    private readonly ILogger<SlotKeeper> _logger;
    private readonly ConcurrentDictionary<string, bool> _asked = new(StringComparer.Ordinal);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private int _looks;
    private volatile bool _isWorking;

    public SlotKeeper(RouteDirectory routes, Membership membership, IStateStore store, TimeProvider time, ILogger<SlotKeeper> logger)
    {
        _routes = routes;
        _membership = membership;
        _book = new SlotClaimBook(store, membership);
        _time = time;
        _logger = logger;
        routes.SlotsAsked = Ask;
    }

    /// <summary>Nothing is asked or under way.</summary>
    public bool IsQuiet => _asked.IsEmpty && !_isWorking;

    /// <summary>Has the share of a replica looked at. From any thread; costs one entry.</summary>
    public void Ask(string replica)
    {
        if (_asked.TryAdd(replica, true))
        {
            _signal.Writer.TryWrite(true);
        }
    }

    /// <summary>Looks at every share that was asked for. Where one fails, it and those that were not reached are asked for still.</summary>
    internal async Task WorkAsync(CancellationToken cancellationToken)
    {
        var asked = _asked.Keys.ToArray();
        await Parallel.ForEachAsync(
            asked, new ParallelOptions { MaxDegreeOfParallelism = WritersMax, CancellationToken = cancellationToken },
            async (replica, token) =>
            {
                // Taken out first: what happens from here on asks again.
                _asked.TryRemove(replica, out _);
                var isSettled = false;
                try
                {
                    await SettleAsync(replica, token);
                    isSettled = true;
                }
                finally
                {
                    if (!isSettled)
                    {
                        _asked.TryAdd(replica, true);
                    }
                }
            });
    }

    /// <summary>Asks for all shares that others or this gateway are short of, that it has none of, or that it gives up.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var (dispatcher, replica) in _routes.FindReplicas())
        {
            if (_book.IsContended(replica.Route.Id) || replica.SlotToken != _membership.Token || replica.Limit < replica.Held || dispatcher.GetUse(replica).Parked > 0)
            {
                Ask(replica.Route.Id);
            }
        }
        if (_looks++ % SweepEvery == 0 && _routes.FirstTable.IsCompleted && _membership.Holds)
        {
            var known = _routes.FindReplicas().Select(found => found.Replica.Route.Id).ToHashSet(StringComparer.Ordinal);
            await _book.SweepAsync(known, cancellationToken);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        KeepAsync(FollowAsync, stoppingToken), KeepAsync(ServeAsync, stoppingToken), KeepAsync(TickAsync, stoppingToken));

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        while (await _signal.Reader.WaitToReadAsync(cancellationToken))
        {
            _isWorking = true;
            _signal.Reader.TryRead(out _);
            try
            {
                await WorkAsync(cancellationToken);
            }
            finally
            {
                if (!_asked.IsEmpty)
                {
                    // Nothing else brings up what was left: asking for it again changes nothing.
                    _signal.Writer.TryWrite(true);
                }
                _isWorking = false;
            }
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_interval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await LookAsync(cancellationToken);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await foreach (var replica in _book.FollowAsync(cancellationToken))
        {
            Ask(replica);
        }
    }

    private async Task SettleAsync(string replicaId, CancellationToken cancellationToken)
    {
        if (!_membership.Holds || _routes.FindReplica(replicaId) is not { } found)
        {
            return;
        }
        var (dispatcher, replica) = found;
        var token = _membership.Token;

        // A share of before this membership may be another's by now: what the store says is what there is.
        var isNew = replica.SlotToken != token;
        for (var i = 0; i < TriesMax; i++)
        {
            var entry = isNew || i > 0 ? await _book.ReadAsync(replicaId, cancellationToken) : _book.Cached(replicaId);
            var claims = await _book.WithoutTheDeadAsync(entry, cancellationToken);
            var stored = claims.Of(_membership.Id)?.Held ?? 0;
            if (isNew || stored < replica.Held)
            {
                // What the store has lost of it may be another's as well.
                dispatcher.SetShare(replica, isNew ? stored : Math.Min(stored, replica.Limit), stored);
            }
            var use = dispatcher.GetUse(replica);
            var slots = replica.Route.Slots;
            var step = SlotStep.Next(
                claims, _membership.Id, slots, use.InFlight, SlotStep.Wanted(slots, use.InFlight, use.Parked), _time.GetUtcNow().ToUnixTimeMilliseconds());
            if (step.IsLower)
            {
                // Nothing new goes in from here on; what goes in between the look and this is counted.
                var inFlight = dispatcher.SetShare(replica, step.Limit, replica.Held);
                if (step.Claim is { } lower)
                {
                    step = step with { Claim = lower with { Held = Math.Max(lower.Held, Math.Min(inFlight, replica.Held)) } };
                }
            }
            replica.SlotToken = token;
            if (step.Claim is not { } claim)
            {
                if (!step.IsLower)
                {
                    dispatcher.SetShare(replica, step.Limit, step.Limit);
                }
                return;
            }
            if (await _book.TryWriteAsync(replicaId, entry, claims.With(claim), cancellationToken))
            {
                dispatcher.SetShare(replica, Math.Min(step.Limit, claim.Held), claim.Held);
                return;
            }
        }

        // Much is written here just now: what comes of it asks again.
        Ask(replicaId);
    }

    /// <summary>Runs until the host stops. What fails is said and begun again: shares stay what they are meanwhile.</summary>
    private async Task KeepAsync(Func<CancellationToken, Task> run, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await run(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is IOException or TimeoutException or JsonException)
            {
                LogFailed(e);
            }
            await Task.Delay(s_interval, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1209, LogLevel.Warning, "Shares of slots cannot be settled with the other gateways; they stay what they are, and it is tried again.")]
    private partial void LogFailed(Exception exception);
}

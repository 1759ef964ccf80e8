using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Routing;

/// <summary>
/// One model's replicas and queue. Everything that counts changes under one lock that is never held across a wait, nor
/// for more than <see cref="BatchMax"/> parked requests at a time: IO threads come by here.
/// </summary>
/// <param name="demandChanged">What the scheduler should hear at once: somebody begins to wait, a fenced replica is empty.</param>
/// <param name="loadChanged">The rest; where it is left out, the former serves for it.</param>
internal sealed partial class ModelDispatcher(
    ModelRoute route, GatewayOptions options, UpstreamConnector connector, TimeProvider time, Action demandChanged, Action? loadChanged = null)
{
    // Granting or refusing one is some hundred nanoseconds: a batch is a few microseconds.
    private const int BatchMax = 64;

    private readonly Action _loadChanged = loadChanged ?? demandChanged;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ReplicaSlots> _replicas = new(StringComparer.Ordinal);

    // Gone from the routes, with requests that go on.
    private readonly List<ReplicaSlots> _leaving = [];
    private ReplicaSlots[] _admitting = [];
    private ModelRoute _route = route;
    private int _inFlight;
    private bool _removed;
    private bool _closed;

    public ModelRoute Route => Volatile.Read(ref _route);

    public ModelSpec Model => Route.Model;

    /// <summary>Requests at an engine.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Stands for the model in what is remembered of sessions.</summary>
    public ulong Hash { get; } = SessionHash.OfText(route.Model.Id);

    /// <summary>How long its engines take to their first byte.</summary>
    public PrefillHistory Prefills { get; } = new();

    /// <summary>A lease at once, where a replica is free and nobody waits before this request.</summary>
    /// <param name="avoid">Replicas that failed it already.</param>
    public Lease? TryLease(ulong session, IReadOnlyCollection<string> avoid)
    {
        Lease? lease;
        lock (_lock)
        {
            lease = _parked.Count > 0 || _closed ? null : Pick(session, avoid);
        }
        if (lease is not null)
        {
            _loadChanged();
        }
        return lease;
    }

    /// <summary>
    /// A lease at once on a replica that has not had this request yet; null where there is none with a free slot. Who had a
    /// lease before comes before those who wait for their first.
    /// </summary>
    public Lease? TryLeaseOther(ulong session, IReadOnlyCollection<string> tried)
    {
        Lease? lease;
        lock (_lock)
        {
            lease = _closed ? null : Pick(session, tried, allowAvoided: false);
        }
        if (lease is not null)
        {
            _loadChanged();
        }
        return lease;
    }

    /// <summary>
    /// A lease on the replica that works on something already, or keeps something, whether a slot is free or not: it is taken whatever is
    /// counted here. Null where that replica is not served from.
    /// </summary>
    public Lease? TryRejoin(string replicaId) => TryLeaseAt(replicaId, needsSlot: false, out _);

    /// <summary>A lease at once on this one replica; null where it is not served from, or is busy.</summary>
    /// <param name="replicaId">The only one that will do.</param>
    /// <param name="isBusy">It would take the request later.</param>
    public Lease? TryLeaseAt(string replicaId, out bool isBusy) => TryLeaseAt(replicaId, needsSlot: true, out isBusy);

    private Lease? TryLeaseAt(string replicaId, bool needsSlot, out bool isBusy)
    {
        Lease lease;
        lock (_lock)
        {
            isBusy = false;
            if (_closed || !_replicas.TryGetValue(replicaId, out var replica) || !replica.Route.Admits)
            {
                return null;
            }
            isBusy = needsSlot && !replica.HasFreeSlot(time.GetTimestamp());
            if (isBusy)
            {
                return null;
            }
            lease = Take(replica);
        }
        _loadChanged();
        return lease;
    }

    public void Return(ReplicaSlots replica)
    {
        bool isDrained, isAwaited;
        lock (_lock)
        {
            replica.InFlight--;
            _inFlight--;
            isDrained = replica.InFlight == 0 && !replica.Route.Admits;
            if (isDrained)
            {
                _leaving.Remove(replica);
            }
            if (replica.Limit < replica.Held)
            {
                AskForSlots(replica);
            }
            isAwaited = _parked.Count > 0;
            if (isAwaited)
            {
                _turnover.Note(time.GetTimestamp());
            }
        }
        if (isAwaited)
        {
            Release();
        }
        (isDrained ? demandChanged : _loadChanged)();
    }

    /// <summary>Gives a replica nothing new for a moment.</summary>
    /// <param name="wish">What the replica itself asks for; no more than the gateway's own suspension is granted.</param>
    public void Suspend(ReplicaSlots replica, TimeSpan? wish = null)
    {
        var suspension = wish < options.ReplicaSuspension ? wish.Value : options.ReplicaSuspension;
        lock (_lock)
        {
            replica.SuspendedUntil = Math.Max(replica.SuspendedUntil, time.GetTimestamp() + Ticks(suspension));
        }
    }

    /// <summary>Takes over a new route; with it requests may be released or refused.</summary>
    public void Update(ModelRoute current)
    {
        ApiError? failure;
        lock (_lock)
        {
            _removed = false;
            Volatile.Write(ref _route, current);
            foreach (var replica in current.Replicas)
            {
                if (_replicas.TryGetValue(replica.Id, out var known) && known.IsReachedLike(replica))
                {
                    known.Update(replica);
                    continue;
                }
                if (known is not null)
                {
                    Drop(known);
                }
                if (replica.Address.Length > 0)
                {
                    _replicas.Add(replica.Id, new ReplicaSlots(replica, current.Model.Id, new UpstreamPool(connector, replica, options, time), SlotsAsked is not null));
                }
            }
            foreach (var gone in _replicas.Values.Where(r => current.Replicas.All(c => c.Id != r.Route.Id)).ToList())
            {
                Drop(gone);
            }
            _admitting = [.. _replicas.Values.Where(r => r.Route.Admits)];
            failure = CurrentFailure();
            if (_admitting.Length > 0 || failure is not null)
            {
                _wishedUntil = 0;
            }
        }
        Release();
        if (failure is not null)
        {
            RefuseAll(failure);
        }
    }

    /// <summary>The model left the catalog: who waits is told, who is served goes on.</summary>
    public void Remove()
    {
        lock (_lock)
        {
            _removed = true;
            _wishedUntil = 0;
            Volatile.Write(ref _route, _route with { Status = ModelStatus.Cold, Replicas = [], WarmUp = null, Failure = null });
            _admitting = [];
            foreach (var replica in _replicas.Values.ToList())
            {
                Drop(replica);
            }
        }
        RefuseAll(ApiErrors.UnknownModel(Model.Id));
    }

    /// <summary>The gateway shuts down: nobody is parked any more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }
        RefuseAll(ApiErrors.ShuttingDown);
    }

    /// <summary>Lets requests through that a suspension held back.</summary>
    public void Tick() => Release();

    /// <summary>Connections to its replicas that carry no request at present.</summary>
    public int IdleConnections
    {
        get
        {
            lock (_lock)
            {
                return _replicas.Values.Sum(replica => replica.Pool.IdleCount);
            }
        }
    }

    /// <summary>Lets go of connections that are of no more use.</summary>
    public void SweepConnections()
    {
        ReplicaSlots[] replicas;
        lock (_lock)
        {
            replicas = [.. _replicas.Values];
        }
        foreach (var replica in replicas)
        {
            replica.Pool.Sweep();
        }
    }

    /// <summary>Closes all idle connections; those in use end with their requests.</summary>
    public void CloseConnections()
    {
        lock (_lock)
        {
            foreach (var replica in _replicas.Values)
            {
                replica.Pool.Close();
            }
        }
    }

    public ModelDemand GetDemand(List<ReplicaLoad> loads)
    {
        lock (_lock)
        {
            foreach (var replica in _replicas.Values)
            {
                AddLoad(loads, replica);
            }
            foreach (var replica in _leaving)
            {
                AddLoad(loads, replica);
            }
            var now = time.GetTimestamp();
            var isWished = _parked.Count == 0 && now < _wishedUntil && _admitting.Length == 0;
            var oldestMs = _parked.Oldest is { } oldest ? (long)time.GetElapsedTime(oldest.ParkedAt, now).TotalMilliseconds : 0;
            return new ModelDemand(Model.Id, isWished ? 1 : _parked.Count, oldestMs, _inFlight);
        }
    }

    private static void AddLoad(List<ReplicaLoad> loads, ReplicaSlots replica)
    {
        if (replica.InFlight > 0)
        {
            loads.Add(new ReplicaLoad(replica.Route.Id, replica.InFlight));
        }
    }

    // Who is served there goes on, and is counted until it ends.
    private void Drop(ReplicaSlots gone)
    {
        _replicas.Remove(gone.Route.Id);
        gone.Update(gone.Route with { State = ReplicaState.Stopping });
        gone.Pool.Close();
        if (gone.InFlight > 0)
        {
            _leaving.Add(gone);
        }
    }

    private Lease? Pick(ulong session, IReadOnlyCollection<string> avoid, bool allowAvoided = true)
    {
        if (ReplicaChoice.Choose(_admitting, session, options.AffinityBound, time.GetTimestamp(), avoid) is not { } replica
            || (!allowAvoided && avoid.Contains(replica.Route.Id)))
        {
            return null;
        }
        return Take(replica);
    }

    private Lease Take(ReplicaSlots replica)
    {
        replica.InFlight++;
        _inFlight++;
        if (replica.InFlight >= replica.Limit && replica.Limit < replica.Route.Slots)
        {
            AskForSlots(replica);
        }
        return new Lease(this, replica);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}

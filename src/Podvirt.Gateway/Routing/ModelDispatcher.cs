using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Routing;

/// <summary>
/// One model's replicas and queue. Everything that counts changes under one lock that is held for nanoseconds and
/// never across a wait.
/// </summary>
internal sealed class ModelDispatcher(ModelRoute route, GatewayOptions options, UpstreamConnector connector, TimeProvider time, Action demandChanged)
{
    // A client that would not wait still wants the model: its wish counts as demand this long, which is many reports.
    private static readonly TimeSpan s_wishTime = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly FairQueue<ParkedRequest> _parked = new();
    private readonly Dictionary<string, ReplicaSlots> _replicas = new(StringComparer.Ordinal);
    private ReplicaSlots[] _admitting = [];
    private ModelRoute _route = route;
    private long _parkedBytes;
    private int _inFlight;
    private long _wishedUntil;
    private bool _removed;
    private bool _closed;

    public ModelRoute Route => Volatile.Read(ref _route);

    public ModelSpec Model => Route.Model;

    /// <summary>A lease at once, where a replica is free and nobody waits before this request.</summary>
    public Lease? TryLease(ulong session, IReadOnlyCollection<string> except)
    {
        lock (_lock)
        {
            return _parked.Count > 0 || _closed ? null : Pick(session, except);
        }
    }

    /// <summary>Parks a request, or says why it cannot wait.</summary>
    /// <param name="again">It had a lease before, whose replica failed it: it goes to the front.</param>
    public ApiError? TryPark(ParkedRequest parked, bool again)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return ApiErrors.ShuttingDown;
            }
            if (_removed)
            {
                return ApiErrors.UnknownModel(Model.Id);
            }
            if (CurrentFailure() is { } failure)
            {
                return failure;
            }
            if (_parked.Count >= options.ParkedRequestsMax || _parkedBytes + parked.Bytes > options.ParkedBytesMax)
            {
                return ApiErrors.QueueFull(Model.Id, _parked.Count, ExpectedWait() ?? TimeSpan.FromSeconds(1));
            }
            parked.Place = again
                ? _parked.EnqueueFirst(parked.Caller.Project, parked.Caller.Key, parked)
                : _parked.Enqueue(parked.Caller.Project, parked.Caller.Key, parked);
            _parkedBytes += parked.Bytes;

            // A slot may have come free between the caller's try and now.
            Release();
        }
        demandChanged();
        return null;
    }

    /// <summary>Takes a parked request out. False: it had just been granted or refused, and its outcome is there.</summary>
    public bool TryLeave(ParkedRequest parked)
    {
        lock (_lock)
        {
            if (parked.Place is not { } place)
            {
                return false;
            }
            _parked.Remove(place);
            Unpark(parked);
        }
        demandChanged();
        return true;
    }

    /// <summary>Takes a parked request out for good: a lease that it had just been granted goes back.</summary>
    public void Leave(ParkedRequest parked)
    {
        if (!TryLeave(parked))
        {
            parked.Outcome.Result.Lease?.Dispose();
        }
    }

    /// <summary>Counts as demand for a while although nobody waits.</summary>
    public void Wish()
    {
        lock (_lock)
        {
            _wishedUntil = time.GetTimestamp() + Ticks(s_wishTime);
        }
        demandChanged();
    }

    public void Return(ReplicaSlots replica)
    {
        lock (_lock)
        {
            replica.InFlight--;
            _inFlight--;
            Release();
        }
        demandChanged();
    }

    /// <summary>Gives a replica nothing new for a moment.</summary>
    public void Suspend(ReplicaSlots replica)
    {
        lock (_lock)
        {
            replica.SuspendedUntil = time.GetTimestamp() + Ticks(options.ReplicaSuspension);
        }
    }

    /// <summary>Takes over a new route; with it requests may be released or refused.</summary>
    public void Update(ModelRoute current)
    {
        lock (_lock)
        {
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
                    _replicas.Add(replica.Id, new ReplicaSlots(replica, current.Model.Id, new UpstreamPool(connector, replica, options, time)));
                }
            }
            foreach (var gone in _replicas.Values.Where(r => current.Replicas.All(c => c.Id != r.Route.Id)).ToList())
            {
                Drop(gone);
            }
            _admitting = [.. _replicas.Values.Where(r => r.Route.Admits)];
            Release();
            if (CurrentFailure() is { } failure)
            {
                RefuseAll(failure);
            }
        }
    }

    /// <summary>The model left the catalog: who waits is told, who is served goes on.</summary>
    public void Remove()
    {
        lock (_lock)
        {
            _removed = true;
            Volatile.Write(ref _route, _route with { Status = ModelStatus.Cold, Replicas = [] });
            _admitting = [];
            CloseConnections();
            RefuseAll(ApiErrors.UnknownModel(Model.Id));
        }
    }

    /// <summary>The gateway shuts down: nobody is parked any more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            RefuseAll(ApiErrors.ShuttingDown);
        }
    }

    /// <summary>Lets requests through that a suspension held back.</summary>
    public void Tick()
    {
        lock (_lock)
        {
            Release();
        }
    }

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
                if (replica.InFlight > 0)
                {
                    loads.Add(new ReplicaLoad(replica.Route.Id, replica.InFlight));
                }
            }
            var now = time.GetTimestamp();
            var waiting = _parked.Count == 0 && now < _wishedUntil && _admitting.Length == 0 ? 1 : _parked.Count;
            return new ModelDemand(Model.Id, waiting, OldestMs(now), _inFlight);
        }
    }

    /// <summary>What a request that waits now has still to wait, by the model's history.</summary>
    public TimeSpan? ExpectedWait()
    {
        var current = Route;
        if (current.WarmUp is { ExpectedAt: { } expected })
        {
            var left = expected - time.GetUtcNow();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
        return current.ExpectedWaitMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null;
    }

    // Who is served there goes on.
    private void Drop(ReplicaSlots gone)
    {
        _replicas.Remove(gone.Route.Id);
        gone.Update(gone.Route with { State = ReplicaState.Stopping });
        gone.Pool.Close();
    }

    private long OldestMs(long now)
    {
        var oldest = _parked.OldestHead(p => p.ParkedAt);
        return oldest is null ? 0 : (long)time.GetElapsedTime(oldest.ParkedAt, now).TotalMilliseconds;
    }

    private void Release()
    {
        while (_parked.Count > 0 && _parked.TryPeek(out var next) && Pick(next.Session, []) is { } lease)
        {
            _parked.TryDequeue(out _);
            Unpark(next);
            next.Grant(lease);
        }
    }

    private Lease? Pick(ulong session, IReadOnlyCollection<string> except)
    {
        if (Choose(session, except) is not { } replica)
        {
            return null;
        }
        replica.InFlight++;
        _inFlight++;
        return new Lease(this, replica);
    }

    /// <summary>The replica for a session, without taking a slot of it: the choice alone, for <see cref="Pick"/> and to be measured.</summary>
    internal ReplicaSlots? Choose(ulong session, IReadOnlyCollection<string> except)
    {
        var now = time.GetTimestamp();
        var bound = LoadBound();
        ReplicaSlots? best = null;
        var bestScore = 0UL;
        var bestIsWithinBound = false;
        foreach (var replica in _admitting)
        {
            if (!replica.HasFreeSlot(now) || (except.Count > 0 && _admitting.Length > except.Count && except.Contains(replica.Route.Id)))
            {
                continue;
            }
            var isWithinBound = replica.InFlight < bound;
            var score = Rendezvous.Score(session, replica.Hash);
            if (best is null || (isWithinBound, score).CompareTo((bestIsWithinBound, bestScore)) > 0)
            {
                (best, bestScore, bestIsWithinBound) = (replica, score, isWithinBound);
            }
        }
        return best;
    }

    // Bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018): nobody over c times the average, this request counted.
    private int LoadBound()
    {
        if (_admitting.Length <= 1)
        {
            return int.MaxValue;
        }
        var load = 1;
        foreach (var replica in _admitting)
        {
            load += replica.InFlight;
        }
        return (int)Math.Ceiling(options.AffinityBound * load / _admitting.Length);
    }

    private void RefuseAll(ApiError error)
    {
        while (_parked.TryDequeue(out var parked))
        {
            Unpark(parked);
            parked.Refuse(error);
        }
    }

    private void Unpark(ParkedRequest parked)
    {
        parked.Place = null;
        _parkedBytes -= parked.Bytes;
    }

    private ApiError? CurrentFailure()
    {
        if (_route.Status != ModelStatus.Failed || _route.Failure is not { } failure)
        {
            return null;
        }
        if (failure.RetryAt is not { } retryAt)
        {
            return ApiErrors.Failed(Model.Id, failure, null);
        }
        // Once the back-off is over the next request is what starts the next attempt.
        var left = retryAt - time.GetUtcNow();
        return left > TimeSpan.Zero ? ApiErrors.Failed(Model.Id, failure, left) : null;
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}

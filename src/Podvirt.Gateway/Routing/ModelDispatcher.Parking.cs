using Podvirt.Core.Replicas;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Routing;

/// <summary>The queue: in, out by one of five ways, and what one in it may expect.</summary>
internal sealed partial class ModelDispatcher
{
    private readonly FairQueue<ParkedRequest> _parked = new();
    private readonly Turnover _turnover = new();
    private ParkingCounts _counts;
    private long _parkedBytes;
    private long _wishedUntil;

    /// <summary>What became of all that were parked, those that wait now, and the bytes of their bodies.</summary>
    public (ParkingCounts Counts, int Waiting, long Bytes) GetParking()
    {
        lock (_lock)
        {
            return (_counts, _parked.Count, _parkedBytes);
        }
    }

    /// <summary>Parks a request, or says why it cannot wait.</summary>
    /// <param name="again">
    /// It had a lease before, whose replica failed it: it goes to the front, and is taken in even where the queue is full.
    /// There are at most as many of them as there were slots.
    /// </param>
    public ApiError? TryPark(ParkedRequest parked, bool again)
    {
        bool isFirst;
        lock (_lock)
        {
            if ((WhyNobodyWaits() ?? (again ? null : WhyFull(parked.Bytes))) is { } refusal)
            {
                return refusal;
            }
            parked.Place = again
                ? _parked.EnqueueFirst(parked.Caller.Project, parked.Caller.Key, parked)
                : _parked.Enqueue(parked.Caller.Project, parked.Caller.Key, parked);
            _parkedBytes += parked.Bytes;
            _counts.Came++;
            AskForMore();
            isFirst = _parked.Count == 1;
        }

        // A slot may have come free between the caller's try and now.
        Release();
        (isFirst ? demandChanged : _loadChanged)();
        return null;
    }

    /// <summary>Why one more could not be parked now; null: it could.</summary>
    public ApiError? WhyNotPark(int bytes)
    {
        lock (_lock)
        {
            return WhyNobodyWaits() ?? (_admitting.Length > 0 && _parked.Count == 0 ? null : WhyFull(bytes));
        }
    }

    /// <summary>Takes a parked request out. False: it had just been granted or refused, and its outcome is there.</summary>
    public bool TryLeave(ParkedRequest parked, bool timedOut)
    {
        lock (_lock)
        {
            if (parked.Place is not { } place)
            {
                return false;
            }
            _parked.Remove(place);
            Unpark(parked);
            if (timedOut)
            {
                _counts.TimedOut++;
            }
            else
            {
                _counts.Left++;
            }
        }
        _loadChanged();
        return true;
    }

    /// <summary>Takes a parked request out whose client left: a lease that it had just been granted goes back.</summary>
    public void Leave(ParkedRequest parked)
    {
        if (!TryLeave(parked, timedOut: false))
        {
            parked.Outcome.Lease?.Dispose();
        }
    }

    /// <summary>
    /// Counts as demand although nobody waits, until the model is served, as long as a parked request would. Or says why
    /// that would be in vain.
    /// </summary>
    public ApiError? Wish()
    {
        lock (_lock)
        {
            if (WhyNobodyWaits() is { } refusal)
            {
                return refusal;
            }
            if (_admitting.Length == 0)
            {
                _wishedUntil = time.GetTimestamp() + Ticks(options.ParkedTimeMax);
            }
        }
        demandChanged();
        return null;
    }

    /// <summary>
    /// What a request has still to wait: while the model is cold by its history of starts; once it serves, and all slots
    /// are taken, by the pace at which they come free. Null where nothing was measured, or where it takes longer than it ever did.
    /// </summary>
    /// <param name="parked">Where it stands in line; null: behind all others.</param>
    public TimeSpan? ExpectedWait(ParkedRequest? parked)
    {
        var current = Route;
        if (current.Status != ModelStatus.Active)
        {
            return current.WarmUp is { } warmUp
                ? warmUp.Left(time.GetUtcNow())
                : current.ExpectedWaitMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null;
        }
        double? ticks;
        lock (_lock)
        {
            var before = parked?.Place is { } place ? _parked.CountBefore(place) : _parked.Count;
            ticks = _turnover.TicksPerSlot(time.GetTimestamp()) * (before + 1);
        }
        return ticks <= Ticks(options.ParkedTimeMax) ? TimeSpan.FromSeconds(ticks.Value / time.TimestampFrequency) : null;
    }

    private ApiError? WhyNobodyWaits() =>
        _closed ? ApiErrors.ShuttingDown : _removed ? ApiErrors.UnknownModel(Model.Id) : CurrentFailure();

    private ApiError? WhyFull(int bytes)
    {
        if (_parked.Count < options.ParkedRequestsMax && _parkedBytes + bytes <= options.ParkedBytesMax)
        {
            return null;
        }
        _counts.TurnedAway++;
        return ApiErrors.QueueFull(Model.Id, _parked.Count, _parkedBytes, ExpectedWait(parked: null));
    }

    // As many as slots are free, never all at once: who is granted next hears of it when one ends.
    private void Release()
    {
        while (ReleaseBatch())
        {
        }
    }

    // True when there may be more to release.
    private bool ReleaseBatch()
    {
        lock (_lock)
        {
            for (var i = 0; i < BatchMax; i++)
            {
                if (!_parked.TryPeek(out var next) || Pick(next.Session, next.Avoid) is not { } lease)
                {
                    return false;
                }
                _parked.TryDequeue(out _);
                Unpark(next);
                _counts.Granted++;
                next.Grant(lease);
            }
            return true;
        }
    }

    // Nobody is parked any more when this is called, so it comes to an end.
    private void RefuseAll(ApiError error)
    {
        while (RefuseBatch(error))
        {
        }
    }

    private bool RefuseBatch(ApiError error)
    {
        lock (_lock)
        {
            for (var i = 0; i < BatchMax; i++)
            {
                if (!_parked.TryDequeue(out var parked))
                {
                    return false;
                }
                Unpark(parked);
                _counts.Refused++;
                parked.Refuse(error);
            }
            return true;
        }
    }

    private void Unpark(ParkedRequest parked)
    {
        parked.Place = null;
        _parkedBytes -= parked.Bytes;
        if (_parked.Count == 0)
        {
            _turnover.Clear();
        }
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
}

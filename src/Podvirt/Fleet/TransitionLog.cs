using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Fleet;

/// <summary>A transition and its place in this process's log, which pages are cut by.</summary>
internal sealed record LoggedTransition(long Id, ReplicaTransition Transition);

/// <param name="Next">Ask with <c>before</c> this for older ones; null: there are none.</param>
internal sealed record TransitionPage(IReadOnlyList<LoggedTransition> Newest, long? Next);

/// <summary>The newest transitions that were heard on the bus. What was missed is told by the numbers that they carry.</summary>
internal sealed class TransitionLog(IBus bus) : BusListener(bus)
{
    /// <summary>Some megabytes: hours of a busy box, minutes of a fleet in turmoil.</summary>
    public const int KeptMax = 10_000;

    /// <summary>As many as the scheduler itself holds back for the bus.</summary>
    private const int QueueMax = 8192;

    private readonly Queue<LoggedTransition> _kept = new();
    private readonly Lock _gate = new();
    private long _lastId;
    private (long Epoch, long Sequence) _heard;
    private long _missed;

    private volatile Action<LoggedTransition>? _listener;

    /// <summary>Transitions that the bus lost, as far as their numbers tell.</summary>
    public long Missed => Interlocked.Read(ref _missed);

    /// <summary>Tells each to the one listener, in order, on the reader's own task.</summary>
    public void TellTo(Action<LoggedTransition> listener) => _listener = listener;

    /// <summary>Newest first.</summary>
    public TransitionPage Read(string? model, string? replica, long? before, int limit)
    {
        List<LoggedTransition> found;
        lock (_gate)
        {
            found = [.. _kept.Reverse()
                .Where(logged => (before is null || logged.Id < before)
                    && (model is null || logged.Transition.Model == model)
                    && (replica is null || logged.Transition.Replica == replica))
                .Take(limit + 1)];
        }
        return found.Count <= limit ? new TransitionPage(found, null) : new TransitionPage(found[..limit], found[limit - 1].Id);
    }

    protected override void Listen() => Hear(Subjects.Transitions, Keep, QueueMax);

    private void Keep(ReplicaTransition transition)
    {
        LoggedTransition logged;
        lock (_gate)
        {
            Count(transition);
            logged = new LoggedTransition(++_lastId, transition);
            _kept.Enqueue(logged);
            if (_kept.Count > KeptMax)
            {
                _kept.Dequeue();
            }
        }
        _listener?.Invoke(logged);
    }

    private void Count(ReplicaTransition transition)
    {
        // What is told of an earlier run has no number.
        if (transition.Sequence == 0)
        {
            return;
        }
        var before = transition.Epoch == _heard.Epoch ? _heard.Sequence : 0;
        if (transition.Sequence > before + 1)
        {
            Interlocked.Add(ref _missed, transition.Sequence - before - 1);
        }
        _heard = (transition.Epoch, transition.Sequence);
    }
}

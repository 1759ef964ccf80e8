namespace Podvirt.Simulator.Engine;

/// <summary>
/// Gives out the engine's sequence slots, first come first served, while its door is open. A request that wants several slots gets
/// them together; nobody behind it overtakes.
/// </summary>
internal sealed class Admission(int capacity)
{
    private readonly int _slots = capacity;
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private readonly List<TaskCompletionSource> _idle = [];
    private int _free = capacity;
    private bool _open = true;

    public int Running
    {
        get
        {
            lock (_gate)
            {
                return _slots - _free;
            }
        }
    }

    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiters.Sum(waiter => waiter.Wants);
            }
        }
    }

    /// <summary>The slots a request may have: what it wants, at most all there are.</summary>
    public int Bounded(int wanted) => Math.Clamp(wanted, 1, _slots);

    /// <exception cref="OperationCanceledException">The token was cancelled while waiting; no slot is held.</exception>
    public async ValueTask EnterAsync(int wants, CancellationToken token)
    {
        Waiter waiter;
        lock (_gate)
        {
            token.ThrowIfCancellationRequested();
            if (_open && _waiters.Count == 0 && _free >= wants)
            {
                _free -= wants;
                return;
            }

            waiter = new Waiter(wants);
            _waiters.AddLast(waiter);
        }

        await using var registration = token.UnsafeRegister(static state =>
        {
            var (self, waiter) = ((Admission, Waiter))state!;
            self.GiveUp(waiter);
        }, (this, waiter));
        if (!await waiter.Entered.Task)
        {
            throw new OperationCanceledException(token);
        }
    }

    public void Leave(int held)
    {
        lock (_gate)
        {
            _free += held;
            Pump();
            if (_free == _slots)
            {
                _idle.ForEach(waiting => waiting.TrySetResult());
                _idle.Clear();
            }
        }
    }

    /// <summary>Nobody new gets in until <see cref="Open"/>.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _open = false;
        }
    }

    public void Open()
    {
        lock (_gate)
        {
            _open = true;
            Pump();
        }
    }

    /// <summary>Completes when no slot is held.</summary>
    public Task IdleAsync()
    {
        lock (_gate)
        {
            if (_free == _slots)
            {
                return Task.CompletedTask;
            }

            var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _idle.Add(waiting);
            return waiting.Task;
        }
    }

    private void Pump()
    {
        while (_open && _waiters.First is { } first && _free >= first.Value.Wants)
        {
            _waiters.RemoveFirst();
            _free -= first.Value.Wants;
            first.Value.Entered.SetResult(true);
        }
    }

    private void GiveUp(Waiter waiter)
    {
        lock (_gate)
        {
            if (_waiters.Remove(waiter))
            {
                waiter.Entered.SetResult(false);
                // The one behind may want fewer slots.
                Pump();
            }
        }
    }

    private sealed class Waiter(int wants)
    {
        public int Wants => wants;

        public TaskCompletionSource<bool> Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

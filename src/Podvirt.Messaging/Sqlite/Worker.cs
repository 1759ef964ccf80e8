namespace Podvirt.Messaging.Sqlite;

/// <summary>What a worker thread does with the jobs it took. Runs on that thread only, and never throws.</summary>
internal interface IBatchHandler<T> : IDisposable
{
    void Run(List<T> batch);
}

/// <summary>
/// Owned threads behind one bounded queue: what blocks (SQLite, fsync) blocks here and nowhere else. A full queue makes
/// callers wait asynchronously. Each handler has its own thread and is disposed on it after the last job.
/// </summary>
internal sealed class Worker<T> : IPendingJobs, IDisposable, IAsyncDisposable
    where T : class
{
    private readonly object _gate = new();
    private readonly Queue<T> _jobs = new();
    private readonly SemaphoreSlim _room;
    private readonly int _batchMax;
    private readonly Task[] _ends;
    private bool _closed;

    /// <param name="name">Of the threads, and the metric's tag.</param>
    /// <param name="capacity">Jobs that wait at most; a further caller waits for room.</param>
    /// <param name="batchMax">Jobs handed to a handler at a time.</param>
    /// <param name="handlers">One thread for each.</param>
    public Worker(string name, int capacity, int batchMax, IReadOnlyList<IBatchHandler<T>> handlers)
    {
        _room = new SemaphoreSlim(capacity, capacity);
        _batchMax = batchMax;
        Name = name;
        MessagingMetrics.Observe(this);
        _ends = [.. handlers.Select(handler => Start(name, handler))];
    }

    public string Name { get; }

    /// <summary>Jobs that wait.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
            {
                return _jobs.Count;
            }
        }
    }

    /// <summary>Completes when the job is queued, which is at once while there is room.</summary>
    /// <exception cref="ObjectDisposedException">The worker is closed: the job will not run.</exception>
    public ValueTask EnqueueAsync(T job, CancellationToken cancellationToken)
    {
        if (!_room.Wait(0, CancellationToken.None))
        {
            return WaitForRoomAsync(job, cancellationToken);
        }
        Push(job);
        return ValueTask.CompletedTask;
    }

    /// <summary>False when the queue is full or closed.</summary>
    public bool TryEnqueue(T job)
    {
        if (!_room.Wait(0, CancellationToken.None))
        {
            return false;
        }
        return TryPush(job);
    }

    /// <summary>Takes no more jobs, runs those it has, and ends its threads.</summary>
    public void Dispose()
    {
        Close();
        Task.WaitAll(_ends);
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await Task.WhenAll(_ends);
    }

    private async ValueTask WaitForRoomAsync(T job, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        Push(job);
    }

    private void Push(T job) => ObjectDisposedException.ThrowIf(!TryPush(job), this);

    private bool TryPush(T job)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _jobs.Enqueue(job);
                Monitor.Pulse(_gate);
                return true;
            }
        }
        // Hands the place on, so that every caller that still waits for room learns of the end.
        _room.Release();
        return false;
    }

    private void Close()
    {
        MessagingMetrics.Forget(this);
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private Task Start(string name, IBatchHandler<T> handler)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Loop(handler, end)) { Name = "podvirt " + name, IsBackground = true };
        thread.Start();
        return end.Task;
    }

    private void Loop(IBatchHandler<T> handler, TaskCompletionSource end)
    {
        try
        {
            var batch = new List<T>();
            while (Take(batch))
            {
                handler.Run(batch);
                batch.Clear();
            }
            handler.Dispose();
            end.SetResult();
        }
        catch (Exception e)
        {
            // A handler that throws is a defect. Whoever disposes the worker hears of it; the process goes down now.
            end.SetException(e);
            throw;
        }
    }

    private bool Take(List<T> batch)
    {
        lock (_gate)
        {
            while (_jobs.Count == 0)
            {
                if (_closed)
                {
                    return false;
                }
                Monitor.Wait(_gate);
            }
            while (batch.Count < _batchMax && _jobs.TryDequeue(out var job))
            {
                batch.Add(job);
            }
        }
        // The semaphore completes waiting callers on the thread pool, never on this thread.
        _room.Release(batch.Count);
        return true;
    }
}

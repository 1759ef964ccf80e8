namespace Podvirt.Testing.Nomad.State;

/// <summary>
/// All that the servers know: one index that every write takes the next of, the last index of each table, and a wake-up
/// for those who wait. Everything in it is read and written under <see cref="Gate"/>.
/// </summary>
internal sealed class NomadState
{
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _index = 10;

    public Lock Gate { get; } = new();

    public ulong Index => _index;

    public Dictionary<string, ulong> Tables { get; } = [];

    public Dictionary<JobKey, JobRecord> Jobs { get; } = [];

    public Dictionary<string, EvaluationRecord> Evaluations { get; } = [];

    public Dictionary<string, AllocationRecord> Allocations { get; } = [];

    public Dictionary<string, DeploymentRecord> Deployments { get; } = [];

    public Dictionary<(string Namespace, string Path), VariableRecord> Variables { get; } = [];

    public List<NodeRecord> Nodes { get; } = [];

    public EventJournal Events { get; } = new();

    /// <summary>Raised after a write, under no lock.</summary>
    public Action<NomadWrite>? Written { get; set; }

    /// <summary>Completes at the next write.</summary>
    public Task Changed
    {
        get
        {
            lock (Gate)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>Does a change under the lock, at the next index.</summary>
    public void Write(Action<NomadWrite> change)
    {
        NomadWrite write;
        TaskCompletionSource changed;
        lock (Gate)
        {
            write = new NomadWrite(this, ++_index);
            change(write);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.TrySetResult();
        Written?.Invoke(write);
    }

    public T Read<T>(Func<NomadState, T> read)
    {
        lock (Gate)
        {
            return read(this);
        }
    }

    /// <summary>As after a restore from an old snapshot: every index starts over.</summary>
    public void ResetIndex()
    {
        Write(_ =>
        {
            _index = 5;
            foreach (var record in ((IEnumerable<Record>)Jobs.Values).Concat(Evaluations.Values).Concat(Allocations.Values)
                .Concat(Deployments.Values).Concat(Nodes).Concat(Variables.Values))
            {
                record.CreateIndex = 1;
                record.ModifyIndex = Math.Min(record.ModifyIndex, 3);
            }
            foreach (var job in Jobs.Values)
            {
                job.JobModifyIndex = Math.Min(job.JobModifyIndex, 3);
            }
            foreach (var table in Tables.Keys)
            {
                Tables[table] = 3;
            }
            Events.Clear();
        });
    }
}

internal sealed class VariableRecord : Record
{
    public required Dictionary<string, string> Items { get; init; }
}

using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Tasks;

/// <summary>The clients of all nodes: starts what is to run, stops what is not, and reports while its node is in reach.</summary>
internal sealed class TaskClient : IAsyncDisposable
{
    private readonly Dictionary<string, AllocationRun> _runs = [];
    private readonly Lock _gate = new();
    private bool _closed;

    public TaskClient(NomadState state, NomadDoubleOptions options, DirectoryInfo folder)
    {
        State = state;
        Options = options;
        Folder = folder;
    }

    public NomadState State { get; }

    public NomadDoubleOptions Options { get; }

    public DirectoryInfo Folder { get; }

    /// <summary>Looks again at the allocations of a write.</summary>
    public void OnWritten(NomadWrite write)
    {
        foreach (var allocation in write.Allocations)
        {
            Look(allocation);
        }
    }

    public AllocationRun? Find(string allocation)
    {
        lock (_gate)
        {
            return _runs.GetValueOrDefault(allocation);
        }
    }

    public IReadOnlyList<int> Processes()
    {
        lock (_gate)
        {
            return [.. _runs.Values.SelectMany(static r => r.Tasks).Select(static t => t.Process).OfType<int>()];
        }
    }

    /// <summary>A node is in reach again: its client hears what it missed and says how things stand.</summary>
    public void Reconnect(NodeRecord node)
    {
        foreach (var allocation in State.Read(s => s.Allocations.Values.Where(a => a.Node == node).ToArray()))
        {
            Look(allocation);
            Find(allocation.Id)?.Report();
        }
    }

    /// <summary>Ends every process of a node at once, as a machine that lost power.</summary>
    public async Task CrashAsync(NodeRecord node)
    {
        AllocationRun[] runs;
        lock (_gate)
        {
            runs = [.. _runs.Values.Where(r => r.Allocation.Node == node)];
        }
        await Task.WhenAll(runs.Select(static r => r.CrashAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        AllocationRun[] runs;
        lock (_gate)
        {
            _closed = true;
            runs = [.. _runs.Values];
        }
        await Task.WhenAll(runs.Select(static r => r.DisposeAsync().AsTask()));
    }

    private void Look(AllocationRecord allocation)
    {
        var (run, reachable) = State.Read(_ => (allocation.DesiredStatus == "run", allocation.Node.Status == "ready"));
        if (!reachable)
        {
            return;
        }
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }
            if (_runs.TryGetValue(allocation.Id, out var found))
            {
                if (!run)
                {
                    found.Stop();
                }
            }
            else if (run && !allocation.ClientTerminal)
            {
                _runs[allocation.Id] = new AllocationRun(this, allocation);
            }
            else if (!run && !allocation.ClientTerminal)
            {
                // Stopped before its client ever heard of it.
                _runs[allocation.Id] = AllocationRun.Ended(this, allocation);
            }
        }
    }
}

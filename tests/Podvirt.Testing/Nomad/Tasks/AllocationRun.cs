using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.Scheduling;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Tasks;

/// <summary>One allocation on its node: its tasks, its folders, and what its client says of it.</summary>
internal sealed class AllocationRun : IAsyncDisposable
{
    private readonly TaskClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _crash = new();
    private readonly TaskRun[] _tasks;
    private readonly Task _all;

    public AllocationRun(TaskClient client, AllocationRecord allocation)
        : this(client, allocation, [.. Json.Items(allocation.GroupSpec?[nameof(Tasks)])])
    {
    }

    private AllocationRun(TaskClient client, AllocationRecord allocation, JsonObject[] tasks)
    {
        _client = client;
        Allocation = allocation;
        Folder = client.Folder.CreateSubdirectory(Path.Combine("alloc", allocation.Id));
        _tasks = [.. tasks.Select(t => new TaskRun(this, client, t))];
        // Not on the caller's thread: it may hold the client's lock.
        _all = Task.Run(RunAsync);
    }

    public AllocationRecord Allocation { get; }

    public DirectoryInfo Folder { get; }

    /// <summary>Cancelled when its tasks are to end in order.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Cancelled when its tasks are to end at once.</summary>
    public CancellationToken Crashing => _crash.Token;

    public static AllocationRun Ended(TaskClient client, AllocationRecord allocation) => new(client, allocation, []);

    public TaskRun? Find(string task) => Array.Find(_tasks, t => t.Name == task);

    public IEnumerable<TaskRun> Tasks => _tasks;

    public void Stop() => _stop.Cancel();

    public async Task CrashAsync()
    {
        await _crash.CancelAsync();
        await _stop.CancelAsync();
        await _all;
    }

    public async ValueTask DisposeAsync()
    {
        await CrashAsync();
        _crash.Dispose();
        _stop.Dispose();
    }

    /// <summary>A task that fails takes the others with it.</summary>
    public void Failed(TaskRun failed)
    {
        foreach (var other in _tasks.Where(t => t != failed && !t.IsOver))
        {
            other.Note("Sibling Task Failed", $"Task's sibling \"{failed.Name}\" failed");
        }
        _stop.Cancel();
    }

    /// <summary>Writes what its client knows, where its node is in reach and it has not been given up.</summary>
    public void Report()
    {
        if (Allocation.Node.Status != "ready" || Crashing.IsCancellationRequested)
        {
            return;
        }
        _client.State.Write(write =>
        {
            if (Allocation.Node.Status != "ready" || Allocation.ClientStatus == "lost")
            {
                return;
            }
            foreach (var task in _tasks)
            {
                Allocation.Tasks[task.Name] = task.State;
            }
            var before = Allocation.ClientStatus;
            (Allocation.ClientStatus, Allocation.ClientDescription) = Status();
            write.Allocation(Allocation, "AllocationUpdated");
            if (Allocation.ClientTerminal && before is not ("complete" or "failed"))
            {
                write.RoomMade = true;
                Ended(write);
            }
            JobStatus.Update(write, Allocation.Job);
        });
    }

    private void Ended(NomadWrite write)
    {
        if (Allocation.ClientStatus == "failed" && Allocation is { DeploymentId.Length: > 0, Healthy: null })
        {
            Deployments.Health(write, Allocation, healthy: false);
        }
        if (Allocation.DesiredStatus == "run")
        {
            Evaluator.Add(write, Allocation.Job, Allocation.ClientStatus == "failed" ? "alloc-failure" : "alloc-stop");
        }
    }

    private (string Status, string Description) Status()
    {
        if (_tasks.Any(static t => t.State.Failed))
        {
            return _tasks.All(static t => t.IsOver) ? ("failed", "Failed tasks") : ("running", "Tasks are running");
        }
        if (_tasks.All(static t => t.IsOver))
        {
            return ("complete", "All tasks have completed");
        }
        return _tasks.Any(static t => t.State.State == "running") ? ("running", "Tasks are running") : ("pending", "No tasks have started");
    }

    private async Task RunAsync()
    {
        var first = _tasks.Where(static t => t.IsPrestart).ToArray();
        await Task.WhenAll(first.Select(static t => t.RunAsync()));
        var rest = _tasks.Except(first).ToArray();
        var health = rest.Length > 0 ? HealthWatch.RunAsync(_client.State, this) : Task.CompletedTask;
        await Task.WhenAll(rest.Select(static t => t.RunAsync()));
        if (_tasks.Length == 0)
        {
            Report();
        }
        await _stop.CancelAsync();
        await health;
    }
}

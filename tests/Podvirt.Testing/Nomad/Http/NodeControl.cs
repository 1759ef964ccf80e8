using System.Collections.Concurrent;
using Podvirt.Testing.Nomad.Scheduling;
using Podvirt.Testing.Nomad.State;
using Podvirt.Testing.Nomad.Tasks;

namespace Podvirt.Testing.Nomad.Http;

/// <summary>What happens to nodes: out of reach, back, drained.</summary>
internal sealed class NodeControl(NomadState state, TaskClient client) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, long> _usedMiB = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _waiting = [];

    public long UsedMiB(string gpu) => _usedMiB.GetValueOrDefault(gpu);

    public void SetUsedMiB(string gpu, long used) => _usedMiB[gpu] = used;

    public NodeRecord Named(string name) => state.Nodes.Find(n => n.Node.Name == name) ?? throw new ArgumentException($"No node is named {name}.", nameof(name));

    /// <summary>The servers no longer hear it. With groups that allow it the node is disconnected, and down only after their time.</summary>
    public async Task LoseAsync(NodeRecord node, bool killTasks)
    {
        var after = default(TimeSpan?);
        state.Write(write =>
        {
            after = write.State.Allocations.Values.Where(a => a.Node == node && !a.ClientTerminal).Select(static a => Fates.LostAfter(a.GroupSpec)).Max();
            Set(write, node, after is null ? "down" : "disconnected");
        });
        if (killTasks)
        {
            await client.CrashAsync(node);
        }
        if (after is { } time)
        {
            _waiting.Add(GiveUpAsync(node, time));
        }
    }

    public void Return(NodeRecord node)
    {
        state.Write(write =>
        {
            Set(write, node, "ready");
            foreach (var unknown in write.State.Allocations.Values.Where(a => a.Node == node && a.ClientStatus == "unknown").ToArray())
            {
                unknown.ClientStatus = "running";
                unknown.ClientDescription = "Tasks are running";
                if (write.State.Allocations.GetValueOrDefault(unknown.Next) is { DesiredStatus: "run" } replacement)
                {
                    replacement.DesiredStatus = "stop";
                    replacement.DesiredDescription = "alloc not needed due to disconnected client reconnect";
                    write.Allocation(replacement, "PlanResult");
                }
                write.Allocation(unknown, "PlanResult");
            }
        });
        client.Reconnect(node);
    }

    public void Drain(NodeRecord node, bool drain, bool markEligible) => state.Write(write =>
    {
        node.Draining = drain;
        node.Eligible = !drain && (markEligible || node.Eligible);
        write.Node(node, "NodeDrain");
        Evaluate(write, node, "node-drain");
    });

    public void SetEligible(NodeRecord node, bool eligible) => state.Write(write =>
    {
        node.Eligible = eligible;
        write.Node(node, "NodeEligibility");
        if (eligible)
        {
            Evaluate(write, node, "node-update");
        }
    });

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task GiveUpAsync(NodeRecord node, TimeSpan after)
    {
        await Task.Delay(after, _stopping.Token);
        state.Write(write =>
        {
            if (node.Status == "disconnected")
            {
                Set(write, node, "down");
            }
        });
    }

    private static void Set(NomadWrite write, NodeRecord node, string status)
    {
        node.Status = status;
        write.Node(node, status == "ready" ? "NodeRegistration" : "NodeEvent");
        Evaluate(write, node, "node-update");
    }

    /// <summary>The jobs that it runs, and the system jobs that may want it.</summary>
    private static void Evaluate(NomadWrite write, NodeRecord node, string trigger)
    {
        var jobs = write.State.Allocations.Values.Where(a => a.Node == node && a.DesiredStatus == "run").Select(static a => a.Job)
            .Concat(write.State.Jobs.Values.Where(static j => j.IsSystem && !j.Stop).Select(static j => new JobKey(j.Namespace, j.Id)));
        foreach (var job in jobs.Distinct().ToArray())
        {
            Evaluator.Add(write, job, trigger, node.Id);
        }
    }
}

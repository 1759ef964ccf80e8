using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler.Nodes;

/// <summary>
/// Which replica each process of this machine belongs to: by its environment, which everything that an engine starts inherits, in
/// containers too. A process keeps its environment for life, so that each is read once.
/// </summary>
internal sealed class NodeProcesses
{
    public const string ReplicaVariable = "PODVIRT_REPLICA";

    private Dictionary<(int Pid, long StartTime), string?> _known = [];

    /// <summary>Pids by replica, as of now.</summary>
    public IReadOnlyDictionary<string, IReadOnlySet<int>> Look()
    {
        var seen = new Dictionary<(int, long), string?>();
        var found = new Dictionary<string, IReadOnlySet<int>>(StringComparer.Ordinal);
        foreach (var pid in ProcFs.Pids())
        {
            if (ProcFs.ReadStat(pid) is not { State: not ('Z' or 'X') } stat)
            {
                continue;
            }

            var key = (pid, stat.StartTime);
            // A process that has just forked has its parent's environment until it becomes another program: an engine's child is its
            // own, and Nomad's has none of ours and is looked at again.
            var replica = _known.GetValueOrDefault(key) ?? ProcFs.ReadEnvironment(pid, ReplicaVariable);
            seen[key] = replica;
            if (replica is not null)
            {
                if (!found.TryGetValue(replica, out var pids))
                {
                    found[replica] = pids = new HashSet<int>();
                }

                ((HashSet<int>)pids).Add(pid);
            }
        }

        _known = seen;
        return found;
    }
}

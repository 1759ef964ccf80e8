using Podvirt.Core.Replicas;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// The replicas of each model and on each gpu, so that no look at one of these is a look at the whole fleet. A list that was
/// handed out stays as it was.
/// </summary>
internal sealed class ReplicaIndex
{
    private readonly Dictionary<string, Replica[]> _byModel = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Replica[]> _byGpu = new(StringComparer.Ordinal);

    public IReadOnlyList<Replica> OfModel(string model) => _byModel.GetValueOrDefault(model, []);

    public IReadOnlyList<Replica> OnGpu(string gpu) => _byGpu.GetValueOrDefault(gpu, []);

    public void Add(Replica replica)
    {
        Add(_byModel, replica.Model.Id, replica);
        foreach (var gpu in replica.GpuIds)
        {
            Add(_byGpu, gpu, replica);
        }
    }

    public void Remove(Replica replica)
    {
        Remove(_byModel, replica.Model.Id, replica);
        foreach (var gpu in replica.GpuIds)
        {
            Remove(_byGpu, gpu, replica);
        }
    }

    /// <summary>True when no other replica changes the memory of these gpus.</summary>
    /// <param name="self">Not counted; null: everybody is.</param>
    public bool AreQuiet(IReadOnlyList<string> gpus, Replica? self)
    {
        foreach (var gpu in gpus)
        {
            foreach (var other in OnGpu(gpu))
            {
                // A stop frees memory while a starting engine measures it: that counts as well.
                if (other != self && (other.State.IsMemoryTransition() || other.State == ReplicaState.Stopping))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static void Add(Dictionary<string, Replica[]> lists, string key, Replica replica) =>
        lists[key] = [.. lists.GetValueOrDefault(key, []), replica];

    private static void Remove(Dictionary<string, Replica[]> lists, string key, Replica replica)
    {
        Replica[] rest = [.. lists[key].Where(other => other != replica)];
        if (rest.Length == 0)
        {
            lists.Remove(key);
        }
        else
        {
            lists[key] = rest;
        }
    }
}

using System.Collections.Concurrent;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>An engine that exists.</summary>
internal sealed record SharedEngine(RunningReplica Running, ModelSpec Model, IReadOnlyList<GpuDevice> Gpus, bool IsAsleep)
{
    /// <summary>A sleeper's residue is a GiB.</summary>
    public long HeldBytes => IsAsleep ? Make.GiB : Model.Gpu.MemoryBytes;
}

/// <summary>What was done to an engine, and by the leader of which epoch; 0: by nobody, it died.</summary>
internal sealed record Done(long Epoch, string Replica, IntentEffect Effect);

/// <summary>The engines of a machine that several schedulers rule over, one after the other. What is done to them is done at once.</summary>
internal sealed class SharedEngines
{
    private readonly ConcurrentDictionary<string, SharedEngine> _engines = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly List<Done> _done = [];
    private readonly List<Action<ReplicaExit>> _watchers = [];

    /// <summary>Told of each effect that begins, before it does, with the epoch of whoever begins it.</summary>
    public Action<long> Begins { get; set; } = _ => { };

    /// <summary>Told of each leader that looks what there is.</summary>
    public Action<long> TakenOver { get; set; } = _ => { };

    public IReadOnlyList<SharedEngine> All => [.. _engines.Values];

    public IReadOnlyList<Done> Done
    {
        get
        {
            lock (_gate)
            {
                return [.. _done];
            }
        }
    }

    public SharedEngine? Find(string replica) => _engines.GetValueOrDefault(replica);

    public SharedEngine Only(string model) => All.Single(engine => engine.Model.Id == model);

    /// <summary>Hears of every engine that ends.</summary>
    public void Watch(Action<ReplicaExit> watcher)
    {
        lock (_gate)
        {
            _watchers.Add(watcher);
        }
    }

    public RunningReplica Start(long epoch, ReplicaStart start)
    {
        var running = new RunningReplica(start.Replica, start.Model.Id, $"http://127.0.0.1/{start.Replica}", "key", 1);
        Change(epoch, start.Replica, IntentEffect.Start, () => _engines[start.Replica] = new SharedEngine(running, start.Model, start.Gpus, false));
        return running;
    }

    public void Set(long epoch, string replica, bool isAsleep) => Change(
        epoch, replica, isAsleep ? IntentEffect.Sleep : IntentEffect.Wake, () =>
        {
            if (_engines.TryGetValue(replica, out var engine))
            {
                _engines[replica] = engine with { IsAsleep = isAsleep };
            }
        });

    public void Stop(long epoch, string replica)
    {
        var wasThere = false;
        Change(epoch, replica, IntentEffect.Stop, () => wasThere = _engines.TryRemove(replica, out _));
        if (wasThere)
        {
            Action<ReplicaExit>[] watchers;
            lock (_gate)
            {
                watchers = [.. _watchers];
            }

            Array.ForEach(watchers, watcher => watcher(new ReplicaExit(replica, "ended")));
        }
    }

    private void Change(long epoch, string replica, IntentEffect effect, Action change)
    {
        lock (_gate)
        {
            _done.Add(new Done(epoch, replica, effect));
            change();
        }
    }
}
